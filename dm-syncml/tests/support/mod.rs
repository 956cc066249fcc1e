//! Arbitrary messages, shared by the property tests.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "shared by tests; not each uses all"
)]

use dm_syncml::{
    Alert, AlertCode, Attribute, Chal, CmdId, Command, CommandName, Container, Content, Cred, Data, Declaration,
    Element, Extras, Format, Fragment, FragmentRoot, Item, Location, Mark, Markup, Message, Meta, Name, Namespace,
    Operation, Page, Results, Status, StatusCode, Str, SyncHdr, Tag,
};
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

/// What a form cannot say, or says differently, is left out of the messages for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    /// Namespaces of any kind, declarations, attributes, mark-up, elements without a token: XML only.
    pub xml: bool,
    /// Bytes in Data: WBXML only.
    pub bytes: bool,
    /// What only lenient encoders write: DS and unknown commands, commands without ids and items.
    pub lenient: bool,
}

impl Shape {
    /// For both forms.
    pub const BOTH: Self = Self { xml: false, bytes: false, lenient: false };
    pub const XML: Self = Self { xml: true, ..Self::BOTH };
    pub const WBXML: Self = Self { bytes: true, ..Self::BOTH };

    pub const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }
}

/// A character that XML has, the odd ones more often than they deserve.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        8 => proptest::char::range(' ', '~'),
        2 => select(vec!['<', '>', '&', '"', '\'', ']', ';', '#']),
        1 => select(vec!['\r', '\n', '\t', ' ']),
        1 => select(vec!['\u{7F}', '\u{85}', '\u{A0}', '\u{D7FF}', '\u{E000}', '\u{F000}', '\u{FFFD}', '\u{10FFFF}']),
        1 => any::<char>().prop_filter("in XML", |char| is_xml(*char)),
    ]
}

fn is_xml(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Any text.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        6 => vec(character(), 0..20).prop_map(String::from_iter),
        1 => vec(character(), 20..150).prop_map(String::from_iter),
    ]
}

/// A text without white space at its ends, not empty: what decoders leave as it is in every element.
pub fn word() -> impl Strategy<Value = String> {
    let end = || character().prop_filter("no space", |char| !matches!(char, ' ' | '\t' | '\r' | '\n'));
    (end(), vec(character(), 0..12), end()).prop_map(|(first, rest, last)| {
        let mut word = String::from(first);
        word.extend(rest);
        word.push(last);
        word
    })
}

/// The same, or nothing.
fn maybe_word() -> impl Strategy<Value = String> {
    prop_oneof![1 => Just(String::new()), 9 => word()]
}

pub fn digits() -> impl Strategy<Value = String> {
    prop_oneof![any::<u32>().prop_map(|number| number.to_string()), "[0-9]{1,20}"]
}

fn tag(page: Page, name: &str) -> Name<'static> {
    Name::Known(Tag::by_name(page, name).unwrap())
}

fn leaf(name: Name<'static>, text: String) -> Element<'static> {
    Element::with_text(name, text)
}

/// Elements that the model has no place for, fit for a parent of page 0.
fn extras(shape: Shape, known: &'static [&'static str]) -> BoxedStrategy<Extras<'static>> {
    let known = (select(known), word()).prop_map(|(name, text)| match name {
        "NoResp" | "Archive" | "SftDel" => Element::new(tag(Page::SyncMl, name)),
        "SourceParent" | "TargetParent" => {
            let mut parent = Element::new(tag(Page::SyncMl, name));
            parent.push(leaf(tag(Page::SyncMl, "LocURI"), text));
            parent
        }
        name => leaf(tag(Page::SyncMl, name), text),
    });
    let one = if shape.xml { prop_oneof![known, foreign()].boxed() } else { known.boxed() };
    weighted(0.08, vec(one, 1..3))
        .prop_map(|elements| elements.map(|it| it.into_iter().collect()).unwrap_or_default())
        .boxed()
}

/// Elements of no code page.
fn foreign() -> BoxedStrategy<Element<'static>> {
    let name = || {
        (select(vec!["urn:a", "urn:b", "a&b\"<"]), "[A-Za-z_][-.A-Za-z0-9_]{0,5}")
            .prop_map(|(namespace, local)| Name::Other { namespace: namespace.into(), local: local.into() })
    };
    (name(), vec((name(), word()), 0..3))
        .prop_map(|(name, children)| {
            let mut element = Element::new(name);
            for (name, text) in children {
                element.push(leaf(name, text));
            }
            element
        })
        .boxed()
}

/// A `MgmtTree`, with texts that may be any.
pub fn tree() -> BoxedStrategy<Element<'static>> {
    let node = (word(), select(vec!["int", "chr", "bool", "node", "b64"]), text()).prop_map(|(name, format, value)| {
        let mut properties = Element::new(tag(Page::DmDdf, "RTProperties"));
        let mut parent = Element::new(tag(Page::DmDdf, "Format"));
        parent.push(Element::new(tag(Page::DmDdf, format)));
        properties.push(parent);
        let mut node = Element::new(tag(Page::DmDdf, "Node"));
        node.push(leaf(tag(Page::DmDdf, "NodeName"), name));
        node.push(properties);
        node.push(leaf(tag(Page::DmDdf, "Value"), value));
        node
    });
    let nodes = node.prop_recursive(4, 12, 3, |inner| {
        (word(), vec(inner, 0..3)).prop_map(|(name, children)| {
            let mut node = Element::new(tag(Page::DmDdf, "Node"));
            node.push(leaf(tag(Page::DmDdf, "NodeName"), name));
            for child in children {
                node.push(child);
            }
            node
        })
    });
    vec(nodes, 0..3)
        .prop_map(|nodes| {
            let mut tree = Element::new(tag(Page::DmDdf, "MgmtTree"));
            tree.push(leaf(tag(Page::DmDdf, "VerDTD"), "1.2".into()));
            for node in nodes {
                tree.push(node);
            }
            tree
        })
        .boxed()
}

fn attributes() -> BoxedStrategy<Vec<Attribute<'static>>> {
    let attribute = |(prefix, value): (Option<&'static str>, String)| {
        let name = prefix.map_or("plain".to_owned(), |prefix| format!("{prefix}:originalerror"));
        let namespace = prefix.map_or(String::new(), |prefix| format!("urn:{prefix}"));
        Attribute { namespace: namespace.into(), name: name.into(), value: value.into() }
    };
    vec((select(vec![None, Some("msft"), Some("b")]), text()).prop_map(attribute), 0..3)
        .prop_map(|mut attributes| {
            attributes.sort_by(|a, b| a.name.cmp(&b.name));
            attributes.dedup_by(|a, b| a.name == b.name);
            attributes
        })
        .boxed()
}

/// Data of an item.
pub fn data(shape: Shape) -> impl Strategy<Value = Data<'static>> {
    let text = text().prop_map(Data::text);
    if shape.xml {
        let markup = select(vec![
            "<a/>",
            " <a x='1'>\n<b>&lt;&#x41;</b></a><!-- c -->",
            "<a xmlns=\"urn:x\"><p:b xmlns:p='urn:p'/></a>\n<c/>",
            "<Data><Item>1</Item></Data>",
            "<a><![CDATA[<b>]]></a>",
        ]);
        let markup = markup.prop_map(|xml| {
            let mut data = Data::text("");
            data.content = Content::Markup(Box::new(Markup { xml: xml.into(), scope: Box::default() }));
            data
        });
        let content = prop_oneof![8 => text, 1 => markup];
        return (content, weighted(0.1, attributes()))
            .prop_map(|(mut data, attributes)| {
                data.attributes = attributes.unwrap_or_default().into();
                data
            })
            .boxed();
    }
    if shape.bytes {
        let bytes = vec(any::<u8>(), 1..200).prop_map(Data::opaque);
        return prop_oneof![3 => text, 1 => bytes].boxed();
    }
    text.boxed()
}

fn known_or<T: Clone + core::fmt::Debug + From<String> + 'static>(known: Vec<T>) -> impl Strategy<Value = T> {
    prop_oneof![9 => select(known), 1 => word().prop_map(T::from)]
}

#[derive(Clone, Debug)]
struct F(Format<'static>);
#[derive(Clone, Debug)]
struct M(Mark<'static>);
#[derive(Clone, Debug)]
struct C(CommandName<'static>);

impl From<String> for F {
    fn from(text: String) -> Self {
        Self(Format::from(Str::from(text)))
    }
}

impl From<String> for M {
    fn from(text: String) -> Self {
        Self(Mark::from(Str::from(text)))
    }
}

impl From<String> for C {
    fn from(text: String) -> Self {
        Self(CommandName::from(Str::from(text)))
    }
}

pub fn meta() -> BoxedStrategy<Meta<'static>> {
    let formats = [
        Format::Chr,
        Format::B64,
        Format::Bin,
        Format::Bool,
        Format::Int,
        Format::Node,
        Format::Null,
        Format::Xml,
        Format::Date,
        Format::Time,
        Format::Float,
    ];
    let marks = [
        Mark::Fatal,
        Mark::Critical,
        Mark::Minor,
        Mark::Warning,
        Mark::Informational,
        Mark::Harmless,
        Mark::Indeterminate,
    ];
    let common = (
        of(known_or(formats.map(F).to_vec())),
        of(word()),
        weighted(0.1, known_or(marks.map(M).to_vec())),
        weighted(0.2, any::<u64>()),
    );
    let rare = (
        weighted(0.5, "[A-Za-z0-9+/]{0,8}"),
        weighted(0.5, any::<u64>()),
        weighted(0.5, any::<u64>()),
        vec(word(), 0..2),
    );
    (common, weighted(0.15, rare))
        .prop_map(|((format, type_, mark, size), rare)| {
            let mut meta = Meta::new();
            if let Some(F(format)) = format {
                meta = meta.with_format(format);
            }
            if let Some(type_) = type_ {
                meta = meta.with_type(type_);
            }
            if let Some(M(mark)) = mark {
                meta = meta.with_mark(mark);
            }
            if let Some(size) = size {
                meta = meta.with_size(size);
            }
            let Some((nonce, max_msg, max_obj, emi)) = rare else { return meta };
            if let Some(nonce) = nonce {
                meta = meta.with_next_nonce(nonce);
            }
            if let Some(bytes) = max_msg {
                meta = meta.with_max_msg_size(bytes);
            }
            if let Some(bytes) = max_obj {
                meta = meta.with_max_obj_size(bytes);
            }
            emi.into_iter().fold(meta, Meta::with_emi)
        })
        .boxed()
}

fn location() -> BoxedStrategy<Location<'static>> {
    (word(), weighted(0.1, word()))
        .prop_map(|(uri, name)| {
            let location = Location::new(uri);
            match name {
                Some(name) => location.with_name(name),
                None => location,
            }
        })
        .boxed()
}

pub fn item(shape: Shape) -> BoxedStrategy<Item<'static>> {
    let parts = (
        weighted(0.8, location()),
        weighted(0.3, location()),
        of(meta()),
        weighted(0.7, data(shape)),
        weighted(0.1, Just(())),
        extras(shape, &["SourceParent", "TargetParent"]),
    );
    parts
        .prop_map(|(target, source, meta, data, more_data, extras)| {
            let mut item = Item::new();
            (item.target, item.source, item.meta, item.data, item.extras) = (target, source, meta, data, extras);
            item.more_data = more_data.is_some();
            item
        })
        .boxed()
}

fn operation(shape: Shape) -> BoxedStrategy<Operation<'static>> {
    let least = usize::from(!shape.lenient);
    (of(meta()), vec(item(shape), least..3), extras(shape, &["NoResp", "Lang", "Archive"]))
        .prop_map(|(meta, items, extras)| {
            let mut operation = Operation::new("");
            if let Some(meta) = meta {
                operation = operation.with_meta(meta);
            }
            operation.items = items.into_iter().collect();
            operation.extras = extras;
            operation
        })
        .boxed()
}

fn alert(shape: Shape) -> BoxedStrategy<Alert<'static>> {
    (any::<u16>(), weighted(0.2, word()), vec(item(shape), 0..3), extras(shape, &["NoResp"]))
        .prop_map(|(code, correlator, items, extras)| {
            let mut alert = Alert::new("", AlertCode::new(code.into()));
            if let Some(correlator) = correlator {
                alert = alert.with_correlator(correlator);
            }
            alert.items = items.into_iter().collect();
            alert.extras = extras;
            alert
        })
        .boxed()
}

fn cmd() -> BoxedStrategy<CommandName<'static>> {
    let known = [
        CommandName::Add,
        CommandName::Alert,
        CommandName::Atomic,
        CommandName::Copy,
        CommandName::Delete,
        CommandName::Exec,
        CommandName::Get,
        CommandName::Replace,
        CommandName::Results,
        CommandName::Sequence,
        CommandName::Status,
        CommandName::SyncHdr,
    ];
    known_or(known.map(C).to_vec()).prop_map(|C(name)| name).boxed()
}

fn status(shape: Shape) -> BoxedStrategy<Status<'static>> {
    let chal = (word(), meta()).prop_map(|(type_, meta)| {
        let mut chal = Chal::new("");
        chal.meta = meta.with_type(type_);
        chal
    });
    let attributes = if shape.xml { weighted(0.2, attributes()).boxed() } else { Just(None).boxed() };
    (
        (digits(), word(), cmd(), 100..600_u32, attributes),
        vec(word(), 0..3),
        vec(word(), 0..3),
        weighted(0.2, chal),
        weighted(0.2, vec(item(shape), 1..3)),
    )
        .prop_map(|((msg_ref, cmd_ref, cmd, code, attributes), targets, sources, chal, items)| {
            let mut status = Status::new("", msg_ref, cmd_ref, cmd, StatusCode::new(code));
            if let Some(data) = &mut status.data {
                data.attributes = attributes.unwrap_or_default().into();
            }
            for uri in targets {
                status = status.with_target_ref(uri);
            }
            for uri in sources {
                status = status.with_source_ref(uri);
            }
            if let Some(chal) = chal {
                status = status.with_chal(chal);
            }
            items.into_iter().flatten().fold(status, Status::with_item)
        })
        .boxed()
}

fn results(shape: Shape) -> BoxedStrategy<Results<'static>> {
    (
        (weighted(0.9, digits()), word(), weighted(0.1, cmd())),
        of(meta()),
        weighted(0.2, word()),
        weighted(0.2, word()),
        vec(item(shape), 1..4),
    )
        .prop_map(|((msg_ref, cmd_ref, cmd), meta, target, source, items)| {
            let mut results = Results::new("", "", cmd_ref);
            results.msg_ref = msg_ref.map(Into::into);
            if let Some(cmd) = cmd {
                results = results.with_cmd(cmd);
            }
            if let Some(meta) = meta {
                results = results.with_meta(meta);
            }
            if let Some(uri) = target {
                results = results.with_target_ref(uri);
            }
            if let Some(uri) = source {
                results = results.with_source_ref(uri);
            }
            items.into_iter().fold(results, Results::with_item)
        })
        .boxed()
}

/// A command without an id.
fn command(shape: Shape) -> BoxedStrategy<Command<'static>> {
    let exec = (operation(shape), weighted(0.3, word())).prop_map(|(operation, correlator)| match correlator {
        Some(correlator) => Command::Exec(operation.with_correlator(correlator)),
        None => Command::Exec(operation),
    });
    let plain = prop_oneof![
        operation(shape).prop_map(Command::Add),
        operation(shape).prop_map(Command::Copy),
        operation(shape).prop_map(Command::Delete),
        operation(shape).prop_map(Command::Get),
        operation(shape).prop_map(Command::Replace),
        exec,
        alert(shape).prop_map(Command::Alert),
        status(shape).prop_map(Command::Status),
        results(shape).prop_map(Command::Results),
    ];
    let plain = if shape.lenient {
        let ds = (select(vec!["Sync", "Put", "Search", "Map"]), word()).prop_map(|(name, id)| {
            let mut element = Element::new(tag(Page::SyncMl, name));
            element.push(leaf(tag(Page::SyncMl, "CmdID"), id));
            Command::Ds(element)
        });
        if shape.xml {
            prop_oneof![8 => plain, 1 => ds, 1 => foreign().prop_map(Command::Unknown)].boxed()
        } else {
            prop_oneof![8 => plain, 1 => ds].boxed()
        }
    } else {
        plain.boxed()
    };
    plain
        .prop_recursive(3, 8, 3, move |inner| {
            // An unknown element there is an unknown command.
            let known = extras(Shape::BOTH, &["NoResp"]);
            let parts = (any::<bool>(), weighted(0.1, meta()), vec(inner, 1..4), known);
            parts.prop_map(|(atomic, meta, commands, extras)| {
                let mut container = Container::new("");
                container.meta = meta.map(Box::new);
                container.commands = commands;
                container.extras = extras;
                if atomic { Command::Atomic(container) } else { Command::Sequence(container) }
            })
        })
        .boxed()
}

/// Gives each command an id of its own: counted, or of any text, never in an order that could be guessed.
fn number(commands: &mut [Command<'static>], prefixes: &[String], at: &mut usize) {
    for command in commands {
        if let Some(id) = command.cmd_id_mut() {
            let prefix = prefixes.get(*at % prefixes.len().max(1)).map_or("", String::as_str);
            *id = CmdId::from(format!("{prefix}{}", *at + 1));
            *at += 1;
        }
        if let Command::Atomic(it) | Command::Sequence(it) = command {
            number(&mut it.commands, prefixes, at);
        }
    }
}

pub fn commands(shape: Shape) -> BoxedStrategy<Vec<Command<'static>>> {
    (vec(command(shape), 0..6), prop_oneof![Just(vec![]), vec("[a-z]{0,3}-", 1..4)])
        .prop_map(|(mut commands, prefixes)| {
            number(&mut commands, &prefixes, &mut 0);
            commands
        })
        .boxed()
}

pub fn header(shape: Shape) -> BoxedStrategy<SyncHdr<'static>> {
    let cred = (meta(), "[A-Za-z0-9+/]{1,12}").prop_map(|(meta, data)| {
        let mut cred = Cred::new("", data);
        cred.meta = meta;
        cred
    });
    (
        (select(vec!["1.2", "1.1"]), select(vec!["DM/1.2", "DM/1.1", "SyncML/1.2"])),
        (word(), digits()),
        (location(), location()),
        (weighted(0.2, word()), weighted(0.2, cred), weighted(0.3, meta())),
        extras(shape, &["NoResp"]),
    )
        .prop_map(|((ver_dtd, ver_proto), (session, msg_id), (target, source), (resp_uri, cred, meta), extras)| {
            let session: String = session
                .chars()
                .scan(0, |len, char| {
                    *len += char.len_utf8();
                    (*len <= 64).then_some(char)
                })
                .collect();
            let mut header =
                SyncHdr::new(session.trim_end_matches([' ', '\t', '\r', '\n']).to_owned(), msg_id, target, source);
            header.ver_dtd = ver_dtd.into();
            header.ver_proto = ver_proto.into();
            header.resp_uri = resp_uri.map(Into::into);
            (header.cred, header.meta, header.extras) = (cred, meta, extras);
            header
        })
        .boxed()
}

fn namespace(shape: Shape) -> impl Strategy<Value = Namespace<'static>> {
    let known = select(vec![Namespace::SyncMl12, Namespace::SyncMl12, Namespace::SyncMl11, Namespace::SyncMl10]);
    if shape.xml {
        prop_oneof![8 => known, 1 => Just(Namespace::Absent), 1 => "[A-Za-z:]{1,9}[3-9]".prop_map(|uri| Namespace::Other(uri.into()))]
            .boxed()
    } else {
        known.boxed()
    }
}

fn declarations(shape: Shape) -> impl Strategy<Value = Vec<Declaration<'static>>> {
    let some = vec(select(vec!["msft", "b", "c"]), 1..4).prop_map(|mut prefixes| {
        prefixes.sort_unstable();
        prefixes.dedup();
        let declare = |prefix: &'static str| Declaration { prefix: prefix.into(), uri: format!("urn:{prefix}").into() };
        prefixes.into_iter().map(declare).collect::<Vec<_>>()
    });
    if shape.xml { weighted(0.3, some).prop_map(Option::unwrap_or_default).boxed() } else { Just(vec![]).boxed() }
}

pub fn message(shape: Shape) -> BoxedStrategy<Message<'static>> {
    (namespace(shape), header(shape), commands(shape), any::<bool>(), declarations(shape))
        .prop_map(|(namespace, header, commands, is_final, declarations)| {
            let mut message = Message::new(header).with_namespace(namespace);
            message.commands = commands;
            message.is_final = is_final;
            message.declarations = declarations;
            message
        })
        .boxed()
}

pub fn fragment(shape: Shape) -> impl Strategy<Value = Fragment<'static>> {
    let roots = vec![FragmentRoot::Message, FragmentRoot::SyncMl, FragmentRoot::SyncBody, FragmentRoot::Commands];
    (select(roots), message(shape)).prop_map(|(root, message)| {
        // Bare commands have no element to declare anything on.
        let bare = root == FragmentRoot::Commands;
        Fragment {
            root,
            header: (root == FragmentRoot::Message).then_some(message.header),
            commands: message.commands,
            is_final: message.is_final,
            namespace: if bare { Namespace::Absent } else { message.namespace },
            declarations: if bare { vec![] } else { message.declarations },
            ..Fragment::default()
        }
    })
}
