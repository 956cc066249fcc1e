//! Values for fuzzing: shallow, and most of them fit to be encoded.

use alloc::boxed::Box;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::names::Page;
use crate::{
    Alert, Attribute, Chal, CmdId, Command, CommandName, Container, Content, Cred, Data, Decimal, Declaration, Element,
    Extras, Format, Fragment, FragmentRoot, Item, Location, Mark, Message, Meta, MsgId, Name, Namespace, Operation,
    Results, Status, StatusCode, Str, SyncHdr, Tag,
};

impl<'a> Arbitrary<'a> for Str<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        <&str>::arbitrary(u).map(Str::borrowed)
    }
}

/// A text that decoders give back as it is where they take white space off.
fn trimmed<'a>(u: &mut Unstructured<'a>) -> Result<Str<'a>> {
    Str::arbitrary(u).map(Str::trimmed)
}

/// One that is never empty.
fn named<'a>(u: &mut Unstructured<'a>, otherwise: &'static str) -> Result<Str<'a>> {
    let text = trimmed(u)?;
    Ok(if text.is_empty() { Str::borrowed(otherwise) } else { text })
}

fn number<'a>(u: &mut Unstructured<'a>) -> Result<Decimal<'a>> {
    u64::arbitrary(u).map(Decimal::from_number)
}

impl<'a> Arbitrary<'a> for Format<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=5_u8)? {
            0 => Self::B64,
            1 => Self::Bin,
            2 => Self::Xml,
            3 => Self::Node,
            4 => Self::from(trimmed(u)?),
            _ => Self::Chr,
        })
    }
}

impl<'a> Arbitrary<'a> for Meta<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut meta = Self::new();
        let said = u8::arbitrary(u)?;
        let says = |bit: u8| said & (1 << bit) != 0;
        meta.format = says(0).then(|| Format::arbitrary(u)).transpose()?;
        meta.type_ = says(1).then(|| trimmed(u)).transpose()?;
        meta.mark = says(2).then(|| trimmed(u).map(Mark::from)).transpose()?;
        meta.size = says(3).then(|| number(u)).transpose()?;
        if says(4) {
            let more = meta.more_mut();
            more.max_msg_size = says(5).then(|| number(u)).transpose()?;
            more.max_obj_size = says(6).then(|| number(u)).transpose()?;
            match u.int_in_range(0..=3_u8)? {
                0 => more.emi.push(trimmed(u)?),
                1 => more.next_nonce = Some(Data::text(trimmed(u)?)),
                2 => more.extras.push(element(u, Page::MetInf)?),
                // Nothing more said is the same as no more to say.
                _ => more.max_msg_size = Some(number(u)?),
            }
        }
        Ok(meta)
    }
}

impl<'a> Arbitrary<'a> for Data<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut data = match u.int_in_range(0..=7_u8)? {
            // Without bytes it is the same as an empty text.
            0 => match <&[u8]>::arbitrary(u)? {
                [] => Self::text(Str::EMPTY),
                bytes => Self::opaque(bytes),
            },
            1 => Self::base64(<&[u8]>::arbitrary(u)?),
            2 => Self::element(element(u, Page::DmDdf)?),
            _ => Self::text(Str::arbitrary(u)?),
        };
        if u.ratio(1, 16)? && matches!(data.content, Content::Text(_)) {
            let attribute = Attribute {
                namespace: Str::borrowed("urn:x"),
                name: Str::borrowed("msft:originalerror"),
                value: Str::arbitrary(u)?,
            };
            data.attributes.push(attribute);
        }
        Ok(data)
    }
}

/// An element of a page with up to three children, or a foreign one.
fn element<'a>(u: &mut Unstructured<'a>, page: Page) -> Result<Element<'a>> {
    let mut element = Element::with_text(name(u, page)?, Str::EMPTY);
    for _ in 0..u.int_in_range(0..=3_u8)? {
        element.push(Element::with_text(name(u, page)?, trimmed(u)?));
    }
    Ok(element)
}

/// A name that the model has no place for: foreign ones, those of DS, those of a tree.
fn name<'a>(u: &mut Unstructured<'a>, page: Page) -> Result<Name<'a>> {
    const DS: &[u8] = &[0x07, 0x15, 0x1D, 0x26, 0x33, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A];
    const DS_META: &[u8] = &[0x05, 0x08, 0x09, 0x0A, 0x0D, 0x0F, 0x11, 0x14, 0x16];
    let token = match page {
        Page::SyncMl => *u.choose(DS)?,
        Page::MetInf => *u.choose(DS_META)?,
        _ => u.int_in_range(0x05..=0x3C)?,
    };
    Ok(match Tag::by_token(page, token) {
        Some(tag) if !u.ratio(1, 8)? => Name::Known(tag),
        _ => Name::Other {
            namespace: Str::borrowed(if bool::arbitrary(u)? { "urn:x" } else { "" }),
            local: Str::borrowed(u.choose(&["a", "b.c", "Data-x", "é"])?),
        },
    })
}

fn extras<'a>(u: &mut Unstructured<'a>, page: Page) -> Result<Extras<'a>> {
    let mut extras = Extras::NONE;
    if u.ratio(1, 16)? {
        extras.push(element(u, page)?);
    }
    Ok(extras)
}

impl<'a> Arbitrary<'a> for Location<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let location = Self::new(named(u, ".")?);
        Ok(if u.ratio(1, 8)? { location.with_name(trimmed(u)?) } else { location })
    }
}

impl<'a> Arbitrary<'a> for Item<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            target: Option::arbitrary(u)?,
            source: Option::arbitrary(u)?,
            meta: Option::arbitrary(u)?,
            data: Option::arbitrary(u)?,
            more_data: bool::arbitrary(u)?,
            extras: extras(u, Page::SyncMl)?,
        })
    }
}

fn items<'a, T: FromIterator<Item<'a>>>(u: &mut Unstructured<'a>) -> Result<T> {
    (0..u.int_in_range(1..=3_u8)?).map(|_| Item::arbitrary(u)).collect()
}

fn boxed<'a>(u: &mut Unstructured<'a>) -> Result<Option<Box<Meta<'a>>>> {
    Ok(Option::<Meta<'a>>::arbitrary(u)?.map(Box::new))
}

impl<'a> Arbitrary<'a> for Operation<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            cmd_id: named(u, "1")?.into(),
            meta: boxed(u)?,
            items: items(u)?,
            extras: extras(u, Page::SyncMl)?,
            ..Self::default()
        })
    }
}

impl<'a> Arbitrary<'a> for Alert<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            cmd_id: named(u, "1")?.into(),
            data: Some(Data::text(Decimal::from_number(u16::arbitrary(u)?.into()).into_str())),
            correlator: Option::arbitrary(u)?,
            items: items(u)?,
            extras: extras(u, Page::SyncMl)?,
            ..Self::default()
        })
    }
}

impl<'a> Arbitrary<'a> for Status<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let code = StatusCode::new(u.int_in_range(100..=599)?);
        let (id, reference) = (named(u, "1")?, named(u, "0")?);
        let mut status = Self::new(id, MsgId::from_number(u32::arbitrary(u)?), reference, CommandName::SyncHdr, code);
        for _ in 0..u.int_in_range(0..=2_u8)? {
            status = status.with_target_ref(named(u, ".")?).with_source_ref(named(u, ".")?);
        }
        if bool::arbitrary(u)? {
            status.chal = Some(Box::new(Chal { meta: Meta::arbitrary(u)?, extras: Extras::NONE }));
        }
        if bool::arbitrary(u)? {
            status.items = items(u)?;
        }
        status.extras = extras(u, Page::SyncMl)?;
        Ok(status)
    }
}

impl<'a> Arbitrary<'a> for Results<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (id, reference) = (named(u, "1")?, named(u, "1")?);
        let mut results = Self::new(id, MsgId::from_number(u32::arbitrary(u)?), reference);
        results.meta = boxed(u)?;
        results.items = items(u)?;
        Ok(results)
    }
}

impl<'a> Arbitrary<'a> for Command<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        command(u, 2)
    }
}

/// A command with at most so many levels of Atomic and Sequence.
fn command<'a>(u: &mut Unstructured<'a>, levels: u8) -> Result<Command<'a>> {
    let last = if levels == 0 { 8 } else { 10 };
    Ok(match u.int_in_range(0..=last)? {
        0 => Command::Add(Operation::arbitrary(u)?),
        1 => Command::Copy(Operation::arbitrary(u)?),
        2 => Command::Delete(Operation::arbitrary(u)?),
        3 => {
            let mut exec = Operation::arbitrary(u)?;
            exec.correlator = Option::arbitrary(u)?;
            Command::Exec(exec)
        }
        4 => Command::Get(Operation::arbitrary(u)?),
        5 => Command::Replace(Operation::arbitrary(u)?),
        6 => Command::Alert(Alert::arbitrary(u)?),
        7 => Command::Status(Status::arbitrary(u)?),
        8 => Command::Results(Results::arbitrary(u)?),
        nested => {
            let mut container = Container::new(named(u, "1")?);
            container.meta = boxed(u)?;
            for _ in 0..u.int_in_range(1..=2_u8)? {
                container.commands.push(command(u, levels.saturating_sub(1))?);
            }
            if nested == 9 { Command::Atomic(container) } else { Command::Sequence(container) }
        }
    })
}

impl<'a> Arbitrary<'a> for SyncHdr<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let id = MsgId::from_number(u32::arbitrary(u)?);
        let mut header = Self::new(named(u, "1")?, id, Location::arbitrary(u)?, Location::arbitrary(u)?);
        header.resp_uri = bool::arbitrary(u)?.then(|| trimmed(u)).transpose()?;
        header.meta = Option::arbitrary(u)?;
        if bool::arbitrary(u)? {
            let mut cred = Cred::new(trimmed(u)?, Str::arbitrary(u)?);
            cred.meta = Meta::arbitrary(u)?;
            header.cred = Some(cred);
        }
        header.extras = extras(u, Page::SyncMl)?;
        Ok(header)
    }
}

impl<'a> Arbitrary<'a> for Message<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut message = Self::new(SyncHdr::arbitrary(u)?);
        message.namespace = match u.int_in_range(0..=7_u8)? {
            0 => Namespace::SyncMl10,
            1 => Namespace::SyncMl11,
            2 => Namespace::Absent,
            _ => Namespace::SyncMl12,
        };
        message.is_final = bool::arbitrary(u)?;
        for _ in 0..u.int_in_range(0..=4_u8)? {
            message.commands.push(Command::arbitrary(u)?);
        }
        if u.ratio(1, 16)? {
            message.declarations.push(Declaration { prefix: Str::borrowed("msft"), uri: Str::borrowed("urn:x") });
        }
        // Nearly always each names one command.
        if !u.ratio(1, 16)? {
            let mut number = 0_u32;
            let mut open: Vec<&mut Command<'a>> = message.commands.iter_mut().collect();
            while let Some(command) = open.pop() {
                number = number.saturating_add(1);
                if let Some(id) = command.cmd_id_mut() {
                    *id = CmdId::from_number(number);
                }
                if let Command::Atomic(it) | Command::Sequence(it) = command {
                    open.extend(it.commands.iter_mut());
                }
            }
        }
        Ok(message)
    }
}

impl<'a> Arbitrary<'a> for Fragment<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let Message { commands, is_final, .. } = Message::arbitrary(u)?;
        let root = if bool::arbitrary(u)? { FragmentRoot::SyncBody } else { FragmentRoot::SyncMl };
        Ok(Self { root, namespace: Namespace::SyncMl12, commands, is_final, ..Self::default() })
    }
}
