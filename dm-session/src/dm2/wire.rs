//! Serde for protocol values by their own wire form: restoring runs the checks of the decoders.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// Alerts, as a Package#3 without statuses.
pub(crate) mod alerts {
    use super::*;
    use dm_package::{Alert, Package3};

    pub(crate) fn serialize<S: Serializer>(alerts: &[Alert<'static>], to: S) -> Result<S::Ok, S::Error> {
        text(Package3 { alerts: alerts.to_vec(), ..Package3::default() }.to_vec())?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Alert<'static>>, D::Error> {
        let text = String::deserialize(from)?;
        Ok(Package3::parse(text.as_bytes()).map_err(de::Error::custom)?.into_owned().alerts)
    }
}

/// One alert.
pub(crate) mod alert {
    use super::*;
    use dm_package::Alert;

    pub(crate) fn serialize<S: Serializer>(alert: &Alert<'static>, to: S) -> Result<S::Ok, S::Error> {
        super::alerts::serialize(core::slice::from_ref(alert), to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Alert<'static>, D::Error> {
        let one = super::alerts::deserialize(from)?.pop();
        one.ok_or_else(|| de::Error::custom("no alert"))
    }
}

/// Statuses, as a Package#3 without alerts.
pub(crate) mod statuses {
    use super::*;
    use dm_package::{Package3, Status};

    pub(crate) fn serialize<S: Serializer>(statuses: &[Status<'static>], to: S) -> Result<S::Ok, S::Error> {
        text(Package3 { statuses: statuses.to_vec(), ..Package3::default() }.to_vec())?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Status<'static>>, D::Error> {
        let text = String::deserialize(from)?;
        Ok(Package3::parse(text.as_bytes()).map_err(de::Error::custom)?.into_owned().statuses)
    }
}

/// Commands, as a Package#2.
pub(crate) mod commands {
    use super::*;
    use dm_package::{Command, Package2};

    pub(crate) fn serialize<S: Serializer>(commands: &[Command<'static>], to: S) -> Result<S::Ok, S::Error> {
        text(Package2 { commands: commands.to_vec() }.to_vec())?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Command<'static>>, D::Error> {
        let text = String::deserialize(from)?;
        Ok(Package2::parse(text.as_bytes()).map_err(de::Error::custom)?.into_owned().commands)
    }
}

/// The MOs of a Package#1.
pub(crate) mod mos {
    use super::*;
    use dm_package::{Alert, MosItem, Package1};

    type Mos = Option<Vec<MosItem<'static>>>;

    pub(crate) fn serialize<S: Serializer>(mos: &Mos, to: S) -> Result<S::Ok, S::Error> {
        let package = Package1 { mos: mos.clone(), alerts: alloc::vec![Alert::client_initiated()] };
        text(package.to_vec())?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Mos, D::Error> {
        let text = String::deserialize(from)?;
        Ok(Package1::parse(text.as_bytes()).map_err(de::Error::custom)?.into_owned().mos)
    }
}

/// A map whose keys are no strings, as a list of pairs.
pub(crate) mod pairs {
    use super::*;
    use alloc::collections::BTreeMap;

    pub(crate) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

fn text<E: core::fmt::Display, S: ser::Error>(encoded: Result<Vec<u8>, E>) -> Result<String, S> {
    String::from_utf8(encoded.map_err(S::custom)?).map_err(S::custom)
}
