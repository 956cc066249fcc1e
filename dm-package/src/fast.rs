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
    Status, StatusCode, Str, mo, names, scan, uri::is_server_class,
};

macro_rules! expecting {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("strict form")
        }
    };
}

/// Reads all members of an object into one `Option` each. An unknown name and a second use are surprises, and so is a name
/// with escapes.
macro_rules! members {
    ($map:ident, $limits:expr, { $( $slot:ident = $name:path => $seed:expr ),+ $(,)? }) => {
        $( let mut $slot = None; )+
        let mut left = $limits.max_members;
        while let Some(name) = $map.next_key::<&'de str>()? {
            left = left.checked_sub(1).ok_or_else(surprise)?;
            match name {
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

pub(crate) fn package2<'a>(text: &'a str, limits: &Limits) -> Option<Package2<'a>> {
    whole(text, ObjectSeed::new(text, limits))
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

/// One entry of `CMD`.
#[derive(Clone, Copy)]
struct Entry<'l>(&'l Limits);

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = Command<'de>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Command<'de>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = Command<'de>;

    expecting!();

    /// The parameter table of §5.1, in the order of strict decoding.
    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Command<'de>, A::Error> {
        let name = seq.next_element::<&'de str>()?;
        let kind = name.and_then(CommandKind::from_name).ok_or_else(surprise)?;
        let mut params = Params { seq, left: self.0.max_params };
        let command = match kind {
            CommandKind::HGet => Command::HGet { server_uri: params.server()?, client_uri: params.next(false)? },
            CommandKind::HPut => Command::HPut { server_uri: params.server()?, client_uris: params.clients()? },
            CommandKind::HPost => Command::HPost { server_uri: params.server()?, client_uris: params.clients()? },
            CommandKind::Delete => Command::Delete { client_uris: Vec::from([params.client()?]) },
            CommandKind::Exec => Command::Exec { client_uri: params.client()?, server_uri: params.next(true)? },
            CommandKind::Get => Command::Get { client_uris: Vec::from([params.client()?]) },
            CommandKind::Show => Command::Show { server_uri: params.server()? },
            CommandKind::Cont => Command::Cont { server_uri: params.server()? },
            CommandKind::End => Command::End,
            CommandKind::Default => Command::Default { server_uri: params.server()?, moid: params.client()? },
            CommandKind::Sub => Command::Sub { server_uri: params.server()?, client_uri: params.client()? },
            CommandKind::UnSub => Command::UnSub { client_uri: params.client()? },
        };
        // serde_json refuses an array of which anything is left.
        Ok(command)
    }
}

/// The parameters of a command. Those of the wrong class, or too many of them, are surprises.
struct Params<A> {
    seq: A,
    left: usize,
}

impl<'de, A: SeqAccess<'de>> Params<A> {
    /// The next one, if there is one: a ServerURI or something else.
    #[inline]
    fn next(&mut self, server: bool) -> Result<Option<Str<'de>>, A::Error> {
        let Some(text) = self.seq.next_element::<Str<'de>>()? else { return Ok(None) };
        self.left = self.left.checked_sub(1).ok_or_else(surprise)?;
        if is_server_class(&text) == server { Ok(Some(text)) } else { Err(surprise()) }
    }

    #[inline]
    fn server(&mut self) -> Result<Str<'de>, A::Error> {
        self.next(true)?.ok_or_else(surprise)
    }

    #[inline]
    fn client(&mut self) -> Result<Str<'de>, A::Error> {
        self.next(false)?.ok_or_else(surprise)
    }

    /// At least one.
    fn clients(&mut self) -> Result<Vec<Str<'de>>, A::Error> {
        let mut uris = Vec::with_capacity(2);
        uris.push(self.client()?);
        while let Some(uri) = self.next(false)? {
            uris.push(uri);
        }
        Ok(uris)
    }
}

impl<'de> Object<'de> for Package2<'de> {
    fn read<A: MapAccess<'de>>(mut map: A, seed: ObjectSeed<'_, Self>) -> Result<Self, A::Error> {
        let limits = seed.limits;
        let capacity = seed.len / BYTES_PER_ENTRY;
        members!(map, limits, {
            commands = names::CMD => ListSeed { item: Entry(limits), max: limits.max_commands, capacity },
        });
        Ok(Self { commands: commands.ok_or_else(surprise)? })
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
        let in_order = |found: mo::Examined| found.outer_names == 1 && found.repeated.is_empty();
        let max_depth = seed.limits.max_depth;
        if !mo::is_plain(text, max_depth) && !mo::examine(text, max_depth).is_ok_and(in_order) {
            return Err(surprise());
        }
        // What stayed within the limits of encoding need not be checked for it again.
        let mo_data = Json::trusted(text).with_mo_check(max_depth <= Limits::DEFAULT.max_depth);
        Ok(Self { client_uri: client_uri.ok_or_else(surprise)?, mo_data, ddf, cv })
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
