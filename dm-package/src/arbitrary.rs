//! Values for fuzzing: shallow, and most of them fit to be encoded.

use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::{
    Alert, ClientUriBuilder, Command, Json, Mark, MoData, MoItem, MoWriter, MosItem, Package1, Package2, Package3,
    Status, StatusCode, Str,
};

impl<'a> Arbitrary<'a> for Str<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        <&str>::arbitrary(u).map(Str::borrowed)
    }
}

impl<'a> Arbitrary<'a> for StatusCode {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::new(u.int_in_range(100..=599)?).unwrap_or(Self::OK))
    }
}

impl<'a> Arbitrary<'a> for Mark {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&Self::ALL).copied()
    }
}

impl<'a> Arbitrary<'a> for Json<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=4_u8)? {
            0 => Json::null(),
            1 => Json::bool(bool::arbitrary(u)?),
            2 => Json::int(i64::arbitrary(u)?),
            3 => Json::string(<&str>::arbitrary(u)?),
            _ => node_data(u)?,
        })
    }
}

/// An object with one outermost name.
fn node_data(u: &mut Unstructured<'_>) -> Result<Json<'static>> {
    let mut writer = MoWriter::new();
    writer.enter(<&str>::arbitrary(u)?);
    for index in 0..u.int_in_range(0..=3_u8)? {
        // Names differ by their first character, so none comes twice.
        let name: String =
            core::iter::once(char::from(b'a'.saturating_add(index))).chain(<&str>::arbitrary(u)?.chars()).collect();
        match u.int_in_range(0..=4_u8)? {
            0 => writer.text(&name, <&str>::arbitrary(u)?),
            1 => writer.int(&name, i64::arbitrary(u)?),
            2 => writer.bool(&name, bool::arbitrary(u)?),
            3 => writer.bytes(&name, <&[u8]>::arbitrary(u)?),
            _ => writer.null(&name),
        }
    }
    writer.leave();
    Ok(writer.finish().unwrap_or(Json::null()))
}

/// An address, nearly always a good one.
fn client_uri<'a>(u: &mut Unstructured<'a>) -> Result<Str<'a>> {
    if u.ratio(1, 16)? {
        return Str::arbitrary(u);
    }
    let mut builder = ClientUriBuilder::new("urn:example:mo:x:1.0").instance(<&str>::arbitrary(u)?);
    for _ in 0..u.int_in_range(0..=2_u8)? {
        builder = match <&str>::arbitrary(u)? {
            "" => builder.wildcard(),
            name => builder.node(name),
        };
    }
    Ok(builder.build().map_or_else(|_| Str::borrowed("urn:example:mo:x:1.0//"), Str::from))
}

fn server_uri<'a>(u: &mut Unstructured<'a>) -> Result<Str<'a>> {
    Ok(Str::borrowed(u.choose(&["https://h.example/", "http://h.example:8080/a?b=c", "https://[::1]/", "no"])?))
}

fn up_to<'a, T>(
    u: &mut Unstructured<'a>,
    max: u8,
    mut item: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    (0..u.int_in_range(0..=max)?).map(|_| item(u)).collect()
}

fn maybe<'a, T>(u: &mut Unstructured<'a>, item: impl FnOnce(&mut Unstructured<'a>) -> Result<T>) -> Result<Option<T>> {
    if bool::arbitrary(u)? { item(u).map(Some) } else { Ok(None) }
}

impl<'a> Arbitrary<'a> for Alert<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            alert_type: Str::arbitrary(u)?,
            source_uri: maybe(u, client_uri)?,
            target_uri: maybe(u, client_uri)?,
            mark: maybe(u, Mark::arbitrary)?,
            data_type: maybe(u, Str::arbitrary)?,
            data: maybe(u, |u| node_data(u))?,
        })
    }
}

impl<'a> Arbitrary<'a> for Command<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=12_u8)? {
            0 => Self::HGet { server_uri: server_uri(u)?, client_uri: maybe(u, client_uri)? },
            1 => Self::HPut { server_uri: server_uri(u)?, client_uris: up_to(u, 3, client_uri)? },
            2 => Self::HPost { server_uri: server_uri(u)?, client_uris: up_to(u, 3, client_uri)? },
            3 => Self::Delete { client_uris: up_to(u, 2, client_uri)? },
            4 => Self::Exec { client_uri: client_uri(u)?, server_uri: maybe(u, server_uri)? },
            5 => Self::Get { client_uris: up_to(u, 2, client_uri)? },
            6 => Self::Show { server_uri: server_uri(u)? },
            7 => Self::Cont { server_uri: server_uri(u)? },
            8 => Self::End,
            9 => Self::Default { server_uri: server_uri(u)?, moid: Str::arbitrary(u)? },
            10 => Self::Sub { server_uri: server_uri(u)?, client_uri: client_uri(u)? },
            11 => Self::UnSub { client_uri: client_uri(u)? },
            _ => Self::Unknown { name: Str::arbitrary(u)?, params: up_to(u, 2, Str::arbitrary)? },
        })
    }
}

impl<'a> Arbitrary<'a> for MosItem<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { ddf: maybe(u, Str::arbitrary)?, moid: Str::arbitrary(u)?, miids: up_to(u, 3, Str::arbitrary)? })
    }
}

impl<'a> Arbitrary<'a> for Package1<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let start = match u.int_in_range(0..=2_u8)? {
            0 => Alert::client_initiated(),
            1 => Alert::bootstrap_complete(),
            _ => Alert::server_initiated(maybe(u, u16::arbitrary)?),
        };
        let mut alerts = up_to(u, 2, Alert::arbitrary)?;
        alerts.insert(0, start);
        Ok(Self { mos: maybe(u, |u| up_to(u, 3, MosItem::arbitrary))?, alerts })
    }
}

impl<'a> Arbitrary<'a> for Package2<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { commands: up_to(u, 6, Command::arbitrary)? })
    }
}

impl<'a> Arbitrary<'a> for MoItem<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            client_uri: client_uri(u)?,
            mo_data: node_data(u)?,
            ddf: maybe(u, Str::arbitrary)?,
            cv: maybe(u, Str::arbitrary)?,
        })
    }
}

impl<'a> Arbitrary<'a> for MoData<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { items: up_to(u, 3, MoItem::arbitrary)? })
    }
}

impl<'a> Arbitrary<'a> for Status<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            sc: StatusCode::arbitrary(u)?,
            uris: up_to(u, 2, client_uri)?,
            data: up_to(u, 2, MoItem::arbitrary)?,
            extra: up_to(u, 2, extra)?,
        })
    }
}

fn extra<'a>(u: &mut Unstructured<'a>) -> Result<(Str<'a>, Json<'a>)> {
    Ok((Str::arbitrary(u)?, Json::arbitrary(u)?))
}

impl<'a> Arbitrary<'a> for Package3<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            statuses: up_to(u, 4, Status::arbitrary)?,
            alerts: up_to(u, 2, Alert::arbitrary)?,
            extra: up_to(u, 2, extra)?,
        })
    }
}
