//! Serde for MO items by their own wire form: decoding checks what it reads.

use alloc::string::String;
use alloc::vec::Vec;
use dm_package::{MoData, MoItem};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

pub(crate) fn serialize<S: Serializer>(items: &[MoItem<'static>], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = MoData { items: items.to_vec() }.to_vec().map_err(ser::Error::custom)?;
    String::from_utf8(bytes).map_err(ser::Error::custom)?.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<MoItem<'static>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let data = MoData::parse(text.as_bytes()).map_err(de::Error::custom)?;
    Ok(data.into_owned().items)
}
