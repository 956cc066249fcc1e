//! Programs of DM 1.x commands, made from bytes, and what has to hold whatever they are: shared by the property tests
//! and the fuzz target.
#![allow(
    dead_code,
    unreachable_patterns,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests; each user takes its part"
)]

use crate::model1::{DAY, Item, Model, Rules, Val, base64, is_standard};
use core::fmt::Write;
use core::hash::{Hash, Hasher};
use dm_package::{Json, MoItem, Strictness};
use dm_session::Timestamp;
use dm_session::tree::dm1::{Command, Content, Data, Outcome, Principal, Reply, Request, Store, UriLimits};
use dm_session::tree::{
    InstanceRef, MoTree, NewAccount, NodeRef, Operation, Outcome as Done2, Rights, Store as _, TreeConfig, TreeLimits,
    UndefinedMo, Value,
};
use dm_syncml::Encoding;
use std::collections::BTreeMap;
use std::hash::DefaultHasher;

/// Bytes that a program is made from; zeros when they are used up.
pub(crate) struct Bytes<'a>(core::slice::Iter<'a, u8>);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    fn next(&mut self) -> usize {
        self.0.next().copied().unwrap_or(0).into()
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.next() % of.len()]
    }

    /// Whether something happens that does so `of` times in 256.
    fn chance(&mut self, of: usize) -> bool {
        self.next() >= 256 - of
    }
}

/// Bytes of one command.
pub(crate) const STEP: usize = 16;

/// Which commands there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those that the model knows.
    Model,
    /// All, TNDS and questions before the data is whole included.
    All,
}

const BASES: [&str; 12] = [
    "./Vendor/",
    "./Vendor/",
    "./Vendor/Mail/",
    "./Vendor/Fold/",
    "./",
    "./Vendor/Slots/",
    "./Vendor/Slots/a/",
    "./Vendor/Own/",
    "./a/",
    "./Vendor/List/",
    "./Vendor/Slots/a/Sub/",
    "./Vendor/",
];
/// Where most commands go, so that they meet.
const HOT: [&str; 32] = [
    "./Vendor/Mail",
    "./Vendor/Mail/a",
    "./Vendor/Mail/Port",
    "./Vendor/Own",
    "./Vendor/Own/a",
    "./Vendor/a",
    "./Vendor/a/b",
    "./Vendor/b",
    "./Vendor/Fixed",
    "./Vendor/Mode",
    "./Vendor/Fold/a",
    "./Vendor/Fold/A/b",
    "./Vendor/Slots/a",
    "./Vendor/Slots/a/Port",
    "./Vendor/Slots/a/Id",
    "./Vendor/Slots/b",
    "./Vendor/Slots/c/Sub/In",
    "./Vendor/List/one",
    "./Vendor/List/two",
    "./Vendor/Pic",
    "./Vendor/Two",
    "./Vendor/Keep",
    "./Vendor/Secret",
    "./Vendor",
    "./a",
    "./a/b",
    "./a/b/c",
    ".",
    "./Vendor/x%20y",
    "./Vendor/Run",
    "./Vendor/Mail/a",
    "./Vendor/a/b/c",
];
const SMALL: [&str; 16] = [
    "a",
    "b",
    "A",
    "a",
    "b",
    "Mail",
    "x%20y",
    "\u{e9}",
    "%C3%A9",
    "Own",
    "ab%26",
    "abcdefghijklmnop",
    "%61",
    "Port",
    "\u{3a9}",
    "c",
];
const NAMED: [&str; 16] = [
    "Fixed", "Mode", "Secret", "Keep", "Run", "Pic", "Two", "Slots", "List", "Fold", "Id", "Port", "Sub", "In", "one",
    "mode",
];
const WHOLE: [&str; 24] = [
    ".",
    "./",
    "./Vendor",
    "Vendor",
    "/Vendor",
    "./Vendor/",
    " ./Vendor/Mail ",
    "./Vendor//a",
    "./Vendor/../a",
    "././a",
    "",
    "./Vendor/a%2Fb",
    "./Vendor/%zz",
    "./Vendor/%C3",
    "./Inbox",
    "./Inbox/a",
    "./Inbox?prop=Name",
    "./DMAcc",
    "Vendor/Mail/Port",
    "./%56endor/Mail",
    "a?",
    "./Vendor/a b",
    "./Vendor/a/b/c/d/e/f/g/h/i",
    "./vendor",
];
const PROPS: [&str; 14] = [
    "?prop=ACL",
    "?prop=ACL",
    "?prop=Name",
    "?prop=Title",
    "?prop=Name",
    "?prop=Type",
    "?prop=Format",
    "?prop=Size",
    "?prop=TStamp",
    "?prop=VerNo",
    "?prop=acl",
    "?prop=Foo",
    "?prop=",
    "?foo",
];
/// Of those, what is replaced.
const REPLACED: [&str; 16] = [
    "?prop=ACL",
    "?prop=ACL",
    "?prop=ACL",
    "?prop=ACL",
    "?prop=ACL",
    "?prop=ACL",
    "?prop=Name",
    "?prop=Name",
    "?prop=Name",
    "?prop=Name",
    "?prop=Title",
    "?prop=Title",
    "?prop=Type",
    "?prop=Size",
    "?prop=VerNo",
    "?prop=Foo",
];
const LISTS: [&str; 2] = ["?list=Struct", "?list=StructData"];
const TNDS_LISTS: [&str; 6] =
    ["?list=TNDS", "?list=TNDS+ACL+Value", "?list=TNDS-Value", "?list=TNDS+", "?list=TNDS-TStamp-VerNo", "?list=Foo"];
const SERVERS: [&str; 8] = ["S1", "S1", "S2", "S2", "S1", "S2", "S1", "S12"];
const TEXTS: [&str; 18] = [
    "",
    "x",
    "a",
    "b",
    "5",
    "7",
    "70000",
    "abcde",
    "true",
    "1",
    "AQID",
    "/w==",
    "AQIDBAU=",
    "\u{e9}t\u{e9}",
    "2024-02-29",
    "1.5",
    "007",
    "TRUE",
];
const FORMATS: [&str; 16] = [
    "chr", "int", "int", "bin", "b64", "b64", "null", "bool", "xml", "foo", "float", "date", "chr", "int", "b64",
    "node",
];
const TYPES: [&str; 6] = ["text/plain", "image/png", "image/png", "text/html", "image/gif", "application/x"];
const MOS: [&str; 4] = ["urn:x:mo:a:1.0", "net.example/1.0/B", "text/plain", "urn:x:mo:a:1.0"];
const NEW_NAMES: [&str; 14] =
    ["a", "b", "c", "Mail", "A", "\u{e9}", "x y", "", ".", "a/b", "Post", "abcdefghijklmnopq", "Mode", "x%20y"];
const TITLES: [&str; 3] = ["", "A title", "x"];

fn uri(bytes: &mut Bytes<'_>) -> String {
    if bytes.chance(20) {
        return bytes.pick(&WHOLE).to_owned();
    }
    if bytes.chance(150) {
        return bytes.pick(&HOT).to_owned();
    }
    let mut uri = bytes.pick(&BASES).to_owned();
    let shape = bytes.next();
    let (first, second) = (bytes.next(), bytes.next());
    uri += match shape % 8 {
        0..3 => NAMED[first % NAMED.len()],
        _ => SMALL[first % SMALL.len()],
    };
    if shape % 8 > 4 {
        uri += "/";
        uri += if second % 4 == 0 { NAMED[second / 4 % NAMED.len()] } else { SMALL[second / 4 % SMALL.len()] };
    }
    if shape > 230 {
        uri += "/";
        uri += SMALL[first / 16];
    }
    // Spelled otherwise.
    match shape / 8 % 16 {
        0 => uri.replace_range(..2, ""),
        1 => uri.push('/'),
        _ => {}
    }
    uri
}

/// An access control list, or something like one.
fn acl(bytes: &mut Bytes<'_>) -> String {
    let mut shape = bytes.next() | bytes.next() << 8;
    match shape % 16 {
        0..2 => return String::new(),
        2 => return "Add=*&Get=*".to_owned(),
        3 => {
            return ["Get=", "get=S1", "Get=S1&", "Get=S1 +S2", "Move=S1", "Get", "=S1", "Get=S1++S2"][shape / 16 % 8]
                .to_owned();
        }
        _ => {}
    }
    shape /= 16;
    let mut text = String::new();
    for command in ["Get", "Replace", "Add", "Delete", "Exec"] {
        let ids = ["", "S1", "S2", "*", "S1+S2", "S12", "S1", "S2+*"][shape % 8];
        shape = shape / 5 + shape % 8 * 3;
        if !ids.is_empty() {
            let gap = if text.is_empty() { "" } else { "&" };
            write!(text, "{gap}{command}={ids}").unwrap();
        }
    }
    text
}

fn data(bytes: &mut Bytes<'_>, encoding: Encoding) -> Data {
    let kind = bytes.next();
    let text = bytes.pick(&TEXTS);
    match kind % 8 {
        0 => Data::None,
        1 if encoding == Encoding::Wbxml => Data::Bytes(vec![1, 2, 3]),
        2 if encoding == Encoding::Wbxml => Data::Bytes(vec![0xff, 0x41]),
        3 if encoding == Encoding::Wbxml => Data::Bytes(text.into()),
        _ => Data::Text(text.to_owned()),
    }
}

/// Data of a leaf.
fn leaf(bytes: &mut Bytes<'_>, encoding: Encoding) -> Content {
    let mut content = Content::new(data(bytes, encoding));
    let meta = bytes.next();
    if meta % 2 == 1 {
        content = content.with_format(bytes.pick(&FORMATS));
    }
    if meta % 4 == 2 || meta % 16 == 15 {
        content = content.with_type(bytes.pick(&TYPES));
    }
    content
}

fn node(bytes: &mut Bytes<'_>) -> Content {
    let mut content = Content::node();
    let shape = bytes.next();
    if shape % 2 == 1 {
        content = content.with_type(MOS[shape / 2 % MOS.len()]);
    }
    match shape / 16 {
        0 => content.data = Data::Text("zzz".to_owned()),
        1 => content.data = Data::Text(" \n".to_owned()),
        _ => {}
    }
    content
}

/// A TNDS object of some nodes, not all of them good.
fn tnds(bytes: &mut Bytes<'_>) -> Content {
    fn node(bytes: &mut Bytes<'_>, depth: usize, out: &mut String) {
        let shape = bytes.next();
        let names = ["a", "b", "", "Port", "Id", "Mail", "Mode", "Keep"];
        write!(out, "<Node><NodeName>{}</NodeName>", names[shape % 8]).unwrap();
        let more = bytes.next();
        if more.is_multiple_of(16) {
            write!(out, "<Path>{}</Path>", ["a", "./Vendor", "a/b", ""][more / 16 % 4]).unwrap();
        }
        out.push_str("<RTProperties>");
        if more % 4 == 1 {
            let acl = ["Get=S2", "Add=S1&amp;Get=*&amp;Replace=S1", "Get=", "Replace=*&amp;Delete=*"][more / 4 % 4];
            write!(out, "<ACL>{acl}</ACL>").unwrap();
        }
        let interior = depth < 3 && (shape / 8).is_multiple_of(2);
        let format = if interior { "node" } else { ["chr", "int", "bin", "chr"][shape / 16 % 4] };
        write!(out, "<Format><{format}/></Format>").unwrap();
        if more % 8 == 2 {
            out.push_str("<Title>T</Title>");
        }
        match (interior, more / 8 % 4) {
            (true, 0) => out.push_str("<Type><DDFName>urn:x:mo:a:1.0</DDFName></Type>"),
            (true, _) => out.push_str("<Type><DDFName/></Type>"),
            (false, _) => out.push_str("<Type><MIME>text/plain</MIME></Type>"),
        }
        out.push_str("</RTProperties>");
        if interior {
            for _ in 0..shape / 64 {
                node(bytes, depth + 1, out);
            }
        } else {
            write!(out, "<Value>{}</Value>", ["x", "5", "AQID", ""][more / 32 % 4]).unwrap();
        }
        out.push_str("</Node>");
    }
    let mut text = String::from("<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD>");
    let count = if bytes.chance(60) { 2 } else { 1 };
    for _ in 0..count {
        node(bytes, 0, &mut text);
    }
    text += "</MgmtTree>";
    Content::new(Data::Text(text)).with_format("xml").with_type("application/vnd.syncml.dmtnds+xml")
}

/// What a Replace of that URI carries.
fn replacement(bytes: &mut Bytes<'_>, uri: &str, encoding: Encoding) -> Content {
    if uri.ends_with("prop=ACL") {
        Content::from(acl(bytes).as_str())
    } else if uri.ends_with("prop=Name") {
        Content::from(bytes.pick(&NEW_NAMES))
    } else if uri.ends_with("prop=Title") {
        match bytes.next() {
            0..8 => Content::from("x".repeat(256).as_str()),
            at => Content::from(TITLES[at % TITLES.len()]),
        }
    } else if bytes.chance(16) {
        node(bytes)
    } else {
        leaf(bytes, encoding)
    }
}

/// The command that the bytes make. `at` counts commands, for the clock.
pub(crate) fn request(step: &[u8], scope: Scope, at: usize) -> Request {
    let mut bytes = Bytes::new(step);
    let bytes = &mut bytes;
    let kind = bytes.next();
    let how = bytes.next();
    let encoding = if how.is_multiple_of(3) { Encoding::Wbxml } else { Encoding::Xml };
    let principal = match how / 3 % 8 {
        0..6 => Principal::Server(SERVERS[how / 24 % 8].to_owned()),
        6 => Principal::Local,
        _ if how > 200 => Principal::Bootstrap,
        _ => Principal::Server("S1".to_owned()),
    };
    let mut most = None;
    let command = match kind {
        0..62 => {
            let uri = uri(bytes);
            let uri = if bytes.chance(10) { uri + bytes.pick(&PROPS) } else { uri };
            let content = match bytes.next() {
                0..40 if scope == Scope::All => tnds(bytes),
                0..110 => node(bytes),
                _ => leaf(bytes, encoding),
            };
            Command::add(uri, content)
        }
        62..140 => {
            let uri = uri(bytes);
            let uri = match bytes.next() {
                0..120 => uri + bytes.pick(&REPLACED),
                120..124 => uri + LISTS[0],
                _ => uri,
            };
            if scope == Scope::All && bytes.chance(30) {
                Command::replace(uri, tnds(bytes))
            } else {
                let content = replacement(bytes, &uri, encoding);
                Command::replace(uri, content)
            }
        }
        140..164 => {
            let uri = uri(bytes);
            Command::delete(if bytes.chance(10) { uri + bytes.pick(&PROPS) } else { uri })
        }
        164..186 => {
            let (source, target) = (uri(bytes), uri(bytes));
            Command::copy(source, if bytes.chance(6) { target + bytes.pick(&PROPS) } else { target })
        }
        186..218 => {
            let uri = uri(bytes);
            most = bytes.chance(20).then_some(3);
            Command::get(match bytes.next() {
                0..100 => uri + bytes.pick(&PROPS),
                100..150 => uri + bytes.pick(&LISTS),
                150..190 if scope == Scope::All => uri + bytes.pick(&TNDS_LISTS),
                _ => uri,
            })
        }
        218..222 => Command::exec(uri(bytes)),
        222..226 if scope == Scope::All => Command::Check {
            uri: uri(bytes),
            add: bytes.chance(128),
            content: leaf(bytes, encoding),
            size: Some(bytes.next() as u64),
        },
        222..236 => Command::Begin,
        236..246 => Command::Commit,
        _ => Command::Rollback,
    };
    let mut request = Request::new(principal, command).with_encoding(encoding);
    request.max_value_len = most;
    if !how.is_multiple_of(5) {
        request.now = Some(Timestamp::from_millis((DAY + 60 + 7 * at as u64) * 1000));
    }
    request
}

/// A transaction hides what other servers do; its owner goes on with it instead, most of the time.
pub(crate) fn stay(request: &mut Request, owner: Option<&Principal>) {
    if let Some(owner) = owner
        && request.max_value_len.is_none()
        && !matches!(request.command, Command::Begin)
    {
        request.principal = owner.clone();
    }
}

/// What the trees are like.
pub(crate) fn rules(kind: u8) -> Rules {
    Rules {
        lenient: kind & 1 == 0,
        uri: if kind & 2 == 0 { UriLimits::NONE } else { UriLimits::new(5, 40, 17) },
        implicit_parents: kind & 12 != 12,
        delete_descendants: kind & 48 != 48,
    }
}

pub(crate) fn config(rules: &Rules, limits: TreeLimits) -> TreeConfig {
    let strictness = if rules.lenient { Strictness::Lenient } else { Strictness::Strict };
    TreeConfig::new(0xe)
        .with_limits(limits)
        .with_undefined(UndefinedMo::FreeForm)
        .with_strictness(strictness)
        .with_dm1(Model::config(rules))
}

/// Room for the fixture and a few nodes more.
pub(crate) fn small() -> TreeLimits {
    TreeLimits::DEFAULT
        .with_nodes(100)
        .with_total_len(1600)
        .with_depth(6)
        .with_value_len(48)
        .with_instances(8)
        .with_name_len(40)
        .with_subscriptions(2)
}

/// What stands in the trees at first.
pub(crate) fn fixture() -> Vec<Request> {
    let vendor_acl = "Add=S1&Delete=S1&Exec=S1&Get=S1+S2&Replace=S1";
    [
        Command::replace("./Vendor?prop=ACL", vendor_acl),
        Command::add("./Vendor/Mail", Content::mo("net.example/1.0/B")),
        Command::add("./Vendor/Mail/Port", Content::from("993").with_format("int")),
        Command::add("./Vendor/Mail/a", "mail.example"),
        Command::replace("./Vendor/Mail/a?prop=ACL", "Get=S1+S2&Replace=S2&Delete=S1"),
        Command::add("./Vendor/Own", Content::node()),
        Command::add("./Vendor/Own/a", "1"),
        Command::replace("./Vendor/Own?prop=ACL", "Get=S2&Replace=S2"),
        Command::add("./Vendor/List/one", "1"),
        Command::add("./Vendor/Slots/a", Content::node()),
        Command::add("./Vendor/a", Content::node()),
        Command::add("./Vendor/Slots/a/Port", Content::from("1").with_format("int")),
        Command::add("./Vendor/a/b", "5"),
        Command::add("./Vendor/Mode", "a"),
        Command::add("./Vendor/Pic", Content::from("AQID").with_format("b64")),
        Command::add("./Vendor/Keep", "k"),
        Command::add("./Vendor/Secret", "s"),
        Command::add("./Vendor/Fold/A", Content::node()),
    ]
    .into_iter()
    .map(|command| Request::local(command).at(Timestamp::from_millis(DAY * 1000)))
    .collect()
}

/// Applies a request; the host does whatever it is asked.
pub(crate) fn apply(tree: &mut MoTree, request: &Request) -> (dm_session::tree::dm1::Answer, bool) {
    let mut request = request.clone();
    // There is nothing else to ask of the host.
    let before = matches!(request.command, Command::Exec { .. }).then(|| fingerprint(tree));
    let mut asked = false;
    loop {
        match Store::apply(tree, &request) {
            Outcome::Done(answer) => return (answer, asked),
            Outcome::Ask(asks) => {
                assert!(asks.len() > request.replies.len(), "{request:?} asks the same again");
                assert_eq!(Some(fingerprint(tree)), before, "{request:?} asks and changes");
                request.replies = asks.iter().map(|_| Reply::Done).collect();
                asked = true;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Everything that can be seen of a tree, as a number.
pub(crate) fn fingerprint(tree: &MoTree) -> u64 {
    let mut all = DefaultHasher::new();
    for instance in tree.instances() {
        let (root, validator) = (instance.root(), instance.validator());
        (instance.moid(), instance.miid(), validator, root.loc_uri()).hash(&mut all);
        for (server, rights) in instance.grants() {
            (server, rights.to_string()).hash(&mut all);
        }
        if root.loc_uri().is_none() {
            mix(&mut all, root);
        }
    }
    if let Some(root) = tree.node_at(".") {
        mix(&mut all, root);
    }
    for subscription in tree.subscriptions() {
        subscription.hash(&mut all);
    }
    format!("{tree:?}").hash(&mut all);
    all.finish()
}

/// A node and all below it, in the order in which they came.
fn mix(all: &mut DefaultHasher, root: NodeRef<'_>) {
    let mut open = vec![(0_usize, root)];
    while let Some((depth, node)) = open.pop() {
        (depth, node.name(), node.acl().map(|acl| acl.as_str()), node.title(), node.tstamp(), node.verno()).hash(all);
        let octets = node.value().and_then(Value::as_bytes);
        let text = if octets.is_none() { node.text() } else { None };
        (node.format(), node.moid(), node.media_type(), octets, text).hash(all);
        let before = open.len();
        open.extend(node.children_in_order().map(|child| (depth + 1, child)));
        open[before..].reverse();
    }
}

/// A node and all below it, in the order in which they came.
pub(crate) fn show(out: &mut String, root: NodeRef<'_>, depth: usize) {
    let mut open = vec![(depth, root)];
    while let Some((depth, node)) = open.pop() {
        writeln!(out, "{:depth$}{:?} {:?}", "", node.name(), seen(&node)).unwrap();
        let children: Vec<_> = node.children_in_order().collect();
        open.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
    }
}

/// What there is to see of a node, as the model's dump has it.
fn seen(node: &NodeRef<'_>) -> Vec<String> {
    let mut seen = vec![
        node.acl().map_or(String::new(), |acl| acl.as_str().to_owned()),
        node.title().unwrap_or("").to_owned(),
        format!("{:?}", node.tstamp().map(Timestamp::as_millis)),
        node.verno().to_string(),
        node.format().as_str().to_owned(),
    ];
    if node.is_interior() {
        seen.push(format!("{:?}", node.moid()));
    } else {
        let value = match (node.format().as_str(), node.value()) {
            ("bin", value) => value.map_or(String::new(), |value| base64(value.as_bytes().unwrap())),
            ("null", _) => String::new(),
            _ => node.text().unwrap_or_default().into_owned(),
        };
        seen.extend([node.media_type().unwrap_or("-").to_owned(), value]);
    }
    seen
}

/// The same for a comparison with the model.
pub(crate) fn dump(tree: &MoTree) -> Vec<(String, Vec<String>)> {
    let mut out = Vec::new();
    let mut open = vec![(String::from("."), tree.node_at(".").unwrap())];
    while let Some((at, node)) = open.pop() {
        let children: Vec<_> = node.children_in_order().filter(|child| !is_standard(&at, child.name())).collect();
        open.extend(children.into_iter().rev().map(|child| (format!("{at}/{}", child.name()), child)));
        out.push((at, seen(&node)));
    }
    out
}

/// An Item of Results as it travels.
fn travelling(item: &dm_session::tree::dm1::ResultItem, encoding: Encoding) -> Item {
    let item = item.to_item(encoding);
    let data = item.data.as_ref().map(|data| match &data.content {
        dm_syncml::Content::Text(text) => Val::Text(text.as_str().to_owned()),
        dm_syncml::Content::Opaque(bytes) => Val::Bytes(bytes.to_vec()),
        other => panic!("{other:?}"),
    });
    Item {
        source: item.source.as_ref().unwrap().uri.as_str().to_owned(),
        format: item.meta.as_ref().and_then(|meta| meta.format()).map(|format| format.as_str().to_owned()),
        media_type: item.meta.as_ref().and_then(|meta| meta.type_()).map(ToOwned::to_owned),
        data,
    }
}

/// No bytes are no text.
fn plain(mut item: Item) -> Item {
    if matches!(&item.data, Some(Val::Bytes(bytes)) if bytes.is_empty()) {
        item.data = Some(Val::Text(String::new()));
    }
    item
}

/// Runs a program against the tree and the model; panics where they differ. The first byte makes the settings. The trees
/// are compared once in so many commands; the panic tells the program if that is always.
pub(crate) fn against_model(program: &[u8], often: usize) {
    let Some((kind, steps)) = program.split_first() else { return };
    let rules = rules(*kind);
    let mut tree = MoTree::new(config(&rules, TreeLimits::DEFAULT)).unwrap();
    let mut model = Model::new(rules);
    let (mut owner, mut log) = (None, Vec::new());
    let requests = steps.chunks(STEP).take(64).enumerate().map(|(at, step)| request(step, Scope::Model, at));
    for (at, mut request) in fixture().into_iter().chain(requests).enumerate() {
        stay(&mut request, owner.as_ref());
        let expected = model.apply(&request);
        let (answer, asked) = apply(&mut tree, &request);
        log.extend((often == 1).then(|| describe(&request, expected.status)));
        let context = || log.join("\n");
        let status = answer.status.code();
        if !(status >= 400 && expected.status >= 400 && model.also.contains(&status)) {
            assert_eq!(status, expected.status, "{}", context());
        }
        assert_eq!(asked, expected.exec, "{}", context());
        assert_eq!(answer.failed_at, expected.failed_at, "{}", context());
        let results: Vec<Item> = answer.results.iter().map(|item| travelling(item, request.encoding)).collect();
        let results = results.into_iter().filter(|item| !stands_below_standard(&item.source)).map(plain);
        let expected = expected.results.into_iter().filter(|item| !stands_below_standard(&item.source)).map(plain);
        same(&results.collect::<Vec<_>>(), &expected.collect::<Vec<_>>(), context);
        if (at + 1) % often == 0 {
            same(&dump(&tree), &model.dump(), context);
        }
        owner = if model.in_transaction() { owner.or(Some(request.principal.clone())) } else { None };
    }
}

/// A request for a person, data included.
pub(crate) fn describe(request: &Request, status: u32) -> String {
    let content = |content: &Content| {
        let data = match &content.data {
            Data::Text(text) => format!("{text:?}"),
            Data::Bytes(bytes) => format!("{bytes:?}"),
            other => format!("{other:?}"),
        };
        format!("{:?} {:?} {data}", content.format, content.media_type)
    };
    let command = match &request.command {
        Command::Add { uri, content: it } => format!("Add {uri:?} {}", content(it)),
        Command::Replace { uri, content: it } => format!("Replace {uri:?} {}", content(it)),
        other => format!("{other:?}"),
    };
    format!(
        "{:?} {:?} {:?} {command}: {status}",
        request.principal,
        request.encoding,
        request.now.map(Timestamp::as_secs)
    )
}

/// Shows the first difference, not all of both.
fn same<T: PartialEq + core::fmt::Debug>(have: &[T], expected: &[T], context: impl Fn() -> String) {
    if have != expected {
        let at = have.iter().zip(expected).take_while(|(one, other)| one == other).count();
        panic!("{}\nat {at}: {:?}\ninstead of {:?}", context(), have.get(at), expected.get(at));
    }
}

/// The same of texts, by lines.
fn same_text(have: &str, expected: &str, context: impl Fn() -> String) {
    same(&have.lines().collect::<Vec<_>>(), &expected.lines().collect::<Vec<_>>(), context);
}

/// Whether a list has gone where the model does not look.
fn stands_below_standard(source: &str) -> bool {
    let first = source.trim_start_matches("./").split('/').next().unwrap_or("");
    is_standard(".", first) && !source.contains('?')
}

/// What there is to say of each instance in the tree: its identifiers, then all of it (its own name included) as a
/// number and its validator.
pub(crate) fn instances(tree: &MoTree) -> BTreeMap<(String, String), (u64, Option<String>)> {
    let of = |instance: InstanceRef<'_>| {
        let mut all = DefaultHasher::new();
        mix(&mut all, instance.root());
        ((instance.moid().to_owned(), instance.miid().to_owned()), (all.finish(), instance.validator()))
    };
    tree.instances().map(of).collect()
}

/// The nodes and bytes of which `Debug` tells.
fn told(tree: &MoTree) -> (usize, usize) {
    let text = format!("{tree:?}");
    let number = |name: &str| {
        let rest = text.split_once(&format!("{name}: ")).unwrap().1;
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    (number("nodes"), number("bytes"))
}

/// Nodes that a walk finds, and bytes of their names and values.
fn walked(tree: &MoTree) -> (usize, usize) {
    let apart = tree.instances().map(|instance| instance.root()).filter(|root| root.loc_uri().is_none());
    let mut open: Vec<NodeRef<'_>> = tree.node_at(".").into_iter().chain(apart).collect();
    let (mut nodes, mut bytes) = (0, 0);
    while let Some(node) = open.pop() {
        nodes += 1;
        bytes += node.name().len();
        bytes += match node.value() {
            Some(Value::Bin(octets) | Value::B64(octets)) => octets.len(),
            Some(value) => value.as_str().map_or(0, str::len),
            None => 0,
        };
        open.extend(node.children());
    }
    (nodes, bytes)
}

/// What holds of every tree, whatever was done to it: both ways to reach a node meet, in both orders there are the same
/// children, and it is as large as it says.
pub(crate) fn holds_together(tree: &MoTree) {
    for instance in tree.instances() {
        for (_, node) in instance.root().descendants() {
            let client_uri = node.uri();
            let by_client_uri = tree.node_of(&client_uri).unwrap_or_else(|| panic!("no {client_uri}"));
            assert_eq!((by_client_uri.uri(), by_client_uri.loc_uri()), (client_uri.clone(), node.loc_uri()));
            if let Some(path) = node.loc_uri() {
                let by_path = tree.node_at(&path).unwrap_or_else(|| panic!("no {path}"));
                assert_eq!((by_path.uri(), by_path.loc_uri()), (client_uri, Some(path)));
                assert_eq!(seen(&by_path), seen(&by_client_uri));
            }
        }
    }
    if let Some(root) = tree.node_at(".") {
        for (_, node) in root.descendants() {
            let path = node.loc_uri().unwrap();
            assert_eq!(tree.node_at(&path).map(|node| node.loc_uri()), Some(Some(path.clone())));
            let mut in_order: Vec<&str> = node.children_in_order().map(|child| child.name()).collect();
            let mut in_tree: Vec<&str> = node.children().map(|child| child.name()).collect();
            in_order.sort_unstable();
            in_tree.sort_unstable();
            assert_eq!(in_order, in_tree, "{path}");
        }
    }
    let ((nodes, bytes), (walked_nodes, least)) = (told(tree), walked(tree));
    assert_eq!(nodes, walked_nodes);
    // Properties count as well.
    assert!(bytes >= least, "{bytes} bytes, {least} of names and values");
}

/// The tree as text that a file would hold.
#[cfg(feature = "serde")]
pub(crate) fn saved(tree: &MoTree) -> String {
    serde_json::to_string_pretty(&tree.to_file()).unwrap()
}

/// Without the validators, of which a start makes new ones.
#[cfg(feature = "serde")]
fn lasting(tree: &MoTree) -> String {
    let mut out = String::new();
    let by_id =
        |one: &InstanceRef<'_>, other: &InstanceRef<'_>| (one.moid(), one.miid()).cmp(&(other.moid(), other.miid()));
    let mut all: Vec<_> = tree.instances().collect();
    all.sort_by(by_id);
    for instance in all {
        writeln!(out, "{} {} {:?}", instance.moid(), instance.miid(), instance.root().loc_uri()).unwrap();
        if instance.root().loc_uri().is_none() {
            // What DM 2.0 alone reaches has no properties that last.
            for (depth, node) in instance.root().descendants() {
                writeln!(out, "{:depth$}{:?} {:?} {:?}", "", node.name(), node.format(), node.value()).unwrap();
            }
        }
    }
    show(&mut out, tree.node_at(".").unwrap(), 0);
    out
}

/// A tree that was saved is the same when it is loaded, and saves the same.
#[cfg(feature = "serde")]
pub(crate) fn loads(tree: &MoTree, config: TreeConfig) {
    let file = saved(tree);
    let again = MoTree::from_file(config, serde_json::from_str(&file).unwrap())
        .unwrap_or_else(|error| panic!("{error}: {file}"));
    same_text(&lasting(&again), &lasting(tree), || file.clone());
    same_text(&saved(&again), &file, String::new);
    assert_eq!(told(&again), told(tree));
}

/// What DM 2.0 does in between.
fn operation(step: &[u8]) -> Operation {
    let mut bytes = Bytes::new(step);
    let kind = bytes.next();
    let moid = bytes.pick(&["urn:x:mo:a:1.0", "net.example%2F1.0%2FB", "urn:x:mo:a:1.0"]);
    let miid = bytes.pick(&["Mail", "a", "b", "*", "Mail~1", ""]);
    let path = bytes.pick(&["", "a", "Port", "a/b", "b", "Mail/a", "*", "?nv=a:x"]);
    let server_id = bytes.pick(&["S1", "S2", "S1"]).to_owned();
    let uri = format!("{moid}/{miid}/{path}");
    match kind % 8 {
        0 | 1 => {
            let data = bytes.pick(&[
                r#"{"a":"x"}"#,
                r#"{"b":{"a":1,"c":true}}"#,
                r#""x""#,
                "5",
                r#"{"Mail":{"Port":7}}"#,
                "{}",
                r#"{"a":{}}"#,
            ]);
            let item = MoItem::new(uri.clone(), Json::parse(data).unwrap().into_owned());
            let uri = if bytes.chance(60) { None } else { Some(uri) };
            Operation::Write { server_id, uri, content: dm_session::tree::Content::Items(vec![item]) }
        }
        2 => Operation::Write { server_id, uri: Some(uri), content: dm_session::tree::Content::Bytes(vec![65, 66]) },
        3 => Operation::Delete { server_id, uris: vec![uri] },
        4 => Operation::Subscribe { server_id, uri, server_uri: "https://reports.example/in".into() },
        5 => Operation::CheckExec { server_id, uri },
        6 => Operation::ListMos { server_id },
        _ => Operation::Read { server_id, uris: vec![uri] },
    }
}

/// A tree with the fixture, and two accounts of DM 2.0 whose servers may do everything with what stands in it.
pub(crate) fn furnished(config: TreeConfig) -> MoTree {
    let mut tree = MoTree::new(config).unwrap();
    for server in ["S1", "S2"] {
        let account = NewAccount::new(server, format!("https://{server}.example/dm"), "Example");
        tree.add_account(account.with_moid("urn:x:mo:a:1.0").with_moid("net.example/1.0/B")).unwrap();
    }
    for request in fixture() {
        let (answer, _) = apply(&mut tree, &request);
        assert_eq!(answer.status.code(), 200, "{}", describe(&request, 0));
    }
    allow(&mut tree);
    tree
}

fn allow(tree: &mut MoTree) {
    let all: Vec<_> = tree.instances().map(|it| (it.moid().to_owned(), it.miid().to_owned())).collect();
    for (moid, miid) in all.iter().filter(|(moid, _)| moid.starts_with("urn:x:") || moid.starts_with("net.")) {
        tree.grant(moid, miid, "S1", Rights::ALL).unwrap();
    }
}

/// Runs any program; panics where something does not hold. The first byte makes the settings. What is costly is looked
/// at once in so many commands; the panic tells the program if that is always.
pub(crate) fn anything(program: &[u8], limits: TreeLimits, often: usize) {
    let Some((kind, steps)) = program.split_first() else { return };
    let rules = rules(*kind);
    let mut tree = furnished(config(&rules, limits));
    let mut log = vec![format!("{rules:?}")];
    let mut open: Option<(Principal, u64, String)> = None;
    let mut before = fingerprint(&tree);
    let (mut known, mut holes) = (instances(&tree), false);
    for (at, step) in steps.chunks(STEP).take(64).enumerate() {
        let mut request = request(&step[1.min(step.len())..], Scope::All, at);
        stay(&mut request, open.as_ref().map(|(owner, _, _)| owner));
        let by_client_uri = step[0] > 230;
        let refused = if by_client_uri {
            if open.is_none() {
                allow(&mut tree);
                before = fingerprint(&tree);
            }
            let operation = operation(step);
            let outcome = tree.manage(&operation);
            log.extend((often == 1).then(|| format!("{operation:?}: {outcome:?}")));
            assert!(open.is_none() || outcome == Done2::Status(dm_package::StatusCode::SERVICE_UNAVAILABLE));
            matches!(outcome, Done2::Status(status) if status.as_u16() >= 300)
                || matches!(outcome, Done2::Data(_) | Done2::Mos(_))
        } else {
            let (answer, _) = apply(&mut tree, &request);
            log.extend((often == 1).then(|| describe(&request, answer.status.code())));
            if answer.status.code() == 200 {
                match request.command {
                    Command::Begin => open = Some((request.principal.clone(), before, saved(&tree))),
                    Command::Rollback => {
                        let (_, fingerprint, file) = open.take().unwrap();
                        before = self::fingerprint(&tree);
                        assert_eq!(before, fingerprint, "{}", log.join("\n"));
                        same_text(&saved(&tree), &file, || log.join("\n"));
                    }
                    Command::Commit => open = None,
                    _ => {}
                }
            }
            // The device itself may remove what comes again with every start.
            let local = request.principal.server_id().is_none();
            holes |= local && matches!(request.command, Command::Delete { .. } | Command::Replace { .. });
            let reads = matches!(request.command, Command::Get { .. } | Command::Exec { .. } | Command::Check { .. });
            answer.status.code() >= 400 || reads
        };
        let after = fingerprint(&tree);
        if refused {
            assert_eq!(after, before, "{}", log.join("\n"));
        }
        before = after;
        if open.is_none() {
            let now = instances(&tree);
            for (id, (all, validator)) in &now {
                if let Some((old, old_validator)) = known.get(id) {
                    assert_eq!(all == old, validator == old_validator, "{id:?}\n{}", log.join("\n"));
                }
            }
            known = now;
        }
        if (at + 1) % often == 0 {
            let together = std::panic::catch_unwind(|| holds_together(&tree));
            assert!(together.is_ok(), "{}", log.join("\n"));
        }
    }
    if let Some((owner, _, _)) = open {
        apply(&mut tree, &Request::new(owner, Command::Commit));
    }
    if !holes {
        let loaded = std::panic::catch_unwind(|| loads(&tree, config(&rules, limits)));
        assert!(loaded.is_ok(), "{}", log.join("\n"));
    }
}
