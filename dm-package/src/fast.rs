//! The short way: texts in strict form, read in one pass.
//!
//! Whatever is off makes these functions give up, and `decode` reads the text again. So what they accept must be what
//! `decode` accepts without a deviation, with the same value.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::{
    Alert, Command, CommandKind, Json, JsonKind, Limits, Mark, MoData, MoItem, MosItem, Package1, Package2, Package3,
    Status, StatusCode, Str, Strictness, mo, names, scan,
};

macro_rules! expecting {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("strict form")
        }
    };
}

/// Reads all members of an object into one `Option` each. An unknown name and a second use are surprises.
macro_rules! members {
    ($map:ident, $limits:expr, { $( $slot:ident = $name:path => $seed:expr ),+ $(,)? }) => {
        $( let mut $slot = None; )+
        let mut left = $limits.max_members;
        while let Some(name) = $map.next_key::<Str<'de>>()? {
            left = left.checked_sub(1).ok_or_else(surprise)?;
            match name.as_str() {
                $( $name if $slot.is_none() => $slot = Some($map.next_value_seed($seed)?), )+
                _ => return Err(surprise()),
            }
        }
    };
}

/// Commands, statuses and `MOS` items are about as long, so that a first guess from the length of the text saves their lists from
/// growing, and never takes more than twice the memory of the text.
const BYTES_PER_ENTRY: usize = 48;

pub(crate) fn package1<'a>(text: &'a str, limits: &Limits) -> Option<Package1<'a>> {
    whole(text, ObjectSeed::new(text, limits))
}

pub(crate) fn package2<'a>(text: &'a str, strictness: Strictness, limits: &Limits) -> Option<Package2<'a>> {
    struct Read<'l> {
        commands: Commands<'l>,
    }

    impl<'de> Visitor<'de> for Read<'_> {
        type Value = Package2<'de>;

        expecting!();

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Package2<'de>, A::Error> {
            members!(map, self.commands.limits, { commands = names::CMD => self.commands });
            Ok(Package2 { commands: commands.ok_or_else(surprise)? })
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    let commands = Commands { strictness, limits, capacity: text.len() / BYTES_PER_ENTRY };
    let package = deserializer.deserialize_map(Read { commands }).ok()?;
    deserializer.end().ok()?;
    Some(package)
}

pub(crate) fn package3<'a>(text: &'a str, limits: &Limits) -> Option<Package3<'a>> {
    whole(text, ObjectSeed::new(text, limits))
}

pub(crate) fn mo_data<'a>(text: &'a str, limits: &Limits) -> Option<MoData<'a>> {
    let item = ObjectSeed::new(text, limits);
    Some(MoData { items: whole(text, ListSeed { item, max: limits.max_mo_items, capacity: 0 })? })
}

fn whole<'a, S: DeserializeSeed<'a>>(text: &'a str, seed: S) -> Option<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// Something the short way leaves to the complete one. Nobody sees this error.
#[cold]
fn surprise<E: serde::de::Error>() -> E {
    E::custom("")
}

/// An object with a fixed set of members.
trait Object<'de>: Sized {
    fn read<A: MapAccess<'de>>(map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error>;
}

struct ObjectSeed<'l, T> {
    limits: &'l Limits,
    /// Bytes of the whole text, for first guesses at capacities.
    len: usize,
    object: PhantomData<T>,
}

impl<T> Clone for ObjectSeed<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ObjectSeed<'_, T> {}

impl<'l, T> ObjectSeed<'l, T> {
    fn new(text: &str, limits: &'l Limits) -> Self {
        Self { limits, len: text.len(), object: PhantomData }
    }

    /// A seed for a list of other objects below this one.
    fn list<U>(&self, max: usize, capacity: usize) -> ListSeed<ObjectSeed<'l, U>> {
        ListSeed { item: ObjectSeed { limits: self.limits, len: self.len, object: PhantomData }, max, capacity }
    }

    fn texts<'de>(&self) -> ListSeed<PhantomData<Str<'de>>> {
        ListSeed { item: PhantomData, max: self.limits.max_strings, capacity: 0 }
    }
}

impl<'de, T: Object<'de>> DeserializeSeed<'de> for ObjectSeed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for ObjectSeed<'_, T> {
    type Value = T;

    expecting!();

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::read(map, self)
    }
}

/// An array of at most so many items.
struct ListSeed<S> {
    item: S,
    max: usize,
    capacity: usize,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for ListSeed<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for ListSeed<S> {
    type Value = Vec<S::Value>;

    expecting!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::with_capacity(self.capacity.min(self.max));
        while let Some(item) = seq.next_element_seed(self.item)? {
            if items.len() >= self.max {
                return Err(surprise());
            }
            items.push(item);
        }
        Ok(items)
    }
}

/// The entries of `CMD`.
#[derive(Clone, Copy)]
struct Commands<'l> {
    strictness: Strictness,
    limits: &'l Limits,
    capacity: usize,
}

impl<'de> DeserializeSeed<'de> for Commands<'_> {
    type Value = Vec<Command<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Commands<'_> {
    type Value = Vec<Command<'de>>;

    expecting!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let max = self.limits.max_commands;
        let mut commands = Vec::with_capacity(self.capacity.min(max));
        let mut params = Vec::new();
        while seq.next_element_seed(Entry { commands: self, params: &mut params, out: &mut commands })?.is_some() {
            if commands.len() > max {
                return Err(surprise());
            }
        }
        Ok(commands)
    }
}

/// One entry of `CMD`; the list of parameters is the same for all, so that most commands take no allocation.
struct Entry<'l, 'p, 'de> {
    commands: Commands<'l>,
    params: &'p mut Vec<Str<'de>>,
    /// Where the command goes, without being moved through every layer.
    out: &'p mut Vec<Command<'de>>,
}

impl<'de> DeserializeSeed<'de> for Entry<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_, '_, 'de> {
    type Value = ();

    expecting!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let name = seq.next_element::<Str<'de>>()?;
        let kind = name.and_then(|name| CommandKind::from_name(&name)).ok_or_else(surprise)?;
        while let Some(param) = seq.next_element::<Str<'de>>()? {
            if self.params.len() >= self.commands.limits.max_params {
                return Err(surprise());
            }
            self.params.push(param);
        }
        match Command::from_params(kind, self.params, self.commands.strictness) {
            Ok((command, None)) => {
                self.out.push(command);
                Ok(())
            }
            _ => Err(surprise()),
        }
    }
}

impl<'de> Object<'de> for Package1<'de> {
    fn read<A: MapAccess<'de>>(mut map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error> {
        let limits = seed.limits;
        members!(map, limits, {
            mos = names::MOS => seed.list(limits.max_mos, seed.len / BYTES_PER_ENTRY),
            alerts = names::ALERT => seed.list(limits.max_alerts, 0),
        });
        Ok(Self { mos, alerts: alerts.unwrap_or_default() })
    }
}

impl<'de> Object<'de> for MosItem<'de> {
    fn read<A: MapAccess<'de>>(mut map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error> {
        members!(map, seed.limits, {
            ddf = names::DDF => PhantomData::<Str<'de>>,
            moid = names::MOID => PhantomData::<Str<'de>>,
            miids = names::MIID => seed.texts(),
        });
        Ok(Self { ddf, moid: moid.ok_or_else(surprise)?, miids: miids.ok_or_else(surprise)? })
    }
}

impl<'de> Object<'de> for Package3<'de> {
    fn read<A: MapAccess<'de>>(mut map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error> {
        let limits = seed.limits;
        members!(map, limits, {
            statuses = names::STATUS => seed.list(limits.max_statuses, seed.len / BYTES_PER_ENTRY),
            alerts = names::ALERT => seed.list(limits.max_alerts, 0),
        });
        Ok(Self { statuses: statuses.ok_or_else(surprise)?, alerts: alerts.unwrap_or_default(), extra: Vec::new() })
    }
}

impl<'de> Object<'de> for Status<'de> {
    fn read<A: MapAccess<'de>>(mut map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error> {
        members!(map, seed.limits, {
            sc = names::SC => PhantomData::<StatusCode>,
            uris = names::URI => seed.texts(),
            data = names::STATUS_DATA => seed.list(seed.limits.max_mo_items, 0),
        });
        Ok(Self {
            sc: sc.ok_or_else(surprise)?,
            uris: uris.unwrap_or_default(),
            data: data.unwrap_or_default(),
            extra: Vec::new(),
        })
    }
}

impl<'de> Object<'de> for MoItem<'de> {
    fn read<A: MapAccess<'de>>(mut map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error> {
        members!(map, seed.limits, {
            client_uri = names::CLIENT_URI => PhantomData::<Str<'de>>,
            mo_data = names::MO_DATA => PhantomData::<&'de RawValue>,
            ddf = names::DDF => PhantomData::<Str<'de>>,
            cv = names::CV => PhantomData::<Str<'de>>,
        });
        let text = mo_data.ok_or_else(surprise)?.get();
        match mo::examine(text, seed.limits.max_depth) {
            Ok(found) if found.outer_names == 1 && found.repeated.is_empty() => {}
            _ => return Err(surprise()),
        }
        Ok(Self { client_uri: client_uri.ok_or_else(surprise)?, mo_data: Json::trusted(text), ddf, cv })
    }
}

impl<'de> Object<'de> for Alert<'de> {
    fn read<A: MapAccess<'de>>(mut map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error> {
        members!(map, seed.limits, {
            alert_type = names::ALERT_TYPE => PhantomData::<Str<'de>>,
            source_uri = names::SOURCE_URI => PhantomData::<Str<'de>>,
            target_uri = names::TARGET_URI => PhantomData::<Str<'de>>,
            mark = names::MARK => PhantomData::<Str<'de>>,
            data_type = names::DATA_TYPE => PhantomData::<Str<'de>>,
            data = names::DATA => PhantomData::<&'de RawValue>,
        });
        let mark = mark.map(|word: Str<'_>| word.parse::<Mark>()).transpose().map_err(A::Error::custom)?;
        let data = match data.map(RawValue::get) {
            None => None,
            Some(text) => {
                let json = Json::trusted(text);
                let plain = json.kind() == JsonKind::Object && data_type.is_some();
                if !plain || scan::check(text, seed.limits.max_depth).is_err() {
                    return Err(surprise());
                }
                Some(json)
            }
        };
        let alert_type = alert_type.ok_or_else(surprise)?;
        Ok(Self { alert_type, source_uri, target_uri, mark, data_type, data })
    }
}
