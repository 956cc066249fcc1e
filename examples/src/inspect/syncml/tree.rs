//! SyncML for people.

use std::borrow::Cow;

use dm_syncml::{
    Alert, Attribute, Chal, Command, Container, Content, Cred, Data, Decimal, EffectiveMeta, Element, Encoding, Extras,
    Format, Location, Meta, Name, Namespace, Node, Operation, Results, Status, SyncHdr, Tag,
};

use super::head::{Head, PublicId};
use super::{Document, header_texts, is_secret, nested, refused_from_a_peer, root_name};
use crate::input::hex;
use crate::output::outline::Item;
use crate::output::style::{self, BAD, FAINT, GOOD, NOTE};

/// Lines of one tree, or a few more: nobody reads more.
const MOST_LINES: usize = 2_000;

/// Characters of a text that are shown.
const MOST_TEXT: usize = 120;

/// Bytes that are shown in hex.
const MOST_BYTES: usize = 32;

/// Elements of a nested document that is shown unasked.
const SMALL: usize = 40;

const NOT_SHOWN: &str = "not shown";

/// A message or part of one.
pub(super) fn items(document: &Document<'_>) -> Vec<Item> {
    let fragment = &document.fragment;
    let mut draw = Draw { left: MOST_LINES, nested: document.nested };
    let mut items = form_items(document.bytes, document.text, document.encoding);
    items.push(namespace_item(&fragment.namespace));
    if fragment.root != dm_syncml::FragmentRoot::Message {
        items.push(Item::new("root").value(root_name(fragment.root)));
    }
    if let Some(error) = refused_from_a_peer(document) {
        items.push(Item::new("on the wire").styled(error.to_string(), NOTE).remark("read as a stored profile"));
    }
    items.extend(fragment.header.as_ref().map(|header| draw.header(header, document)));
    items.extend(draw.extras(&fragment.extras));
    let mut body: Vec<Item> = fragment
        .declarations
        .iter()
        .map(|declared| Item::new(style::short(&format!("xmlns:{}", declared.prefix), MOST_TEXT)).value(&declared.uri))
        .collect();
    body.extend(draw.commands(&fragment.commands));
    body.extend(fragment.is_final.then(|| Item::new("Final")));
    if fragment.root == dm_syncml::FragmentRoot::Commands {
        items.extend(body);
    } else {
        items.push(Item::new("SyncBody").with_all(body));
    }
    items
}

/// A management tree or device information by itself.
pub(super) fn document_items(bytes: &[u8], text: &[u8], encoding: Encoding, element: &Element<'_>) -> Vec<Item> {
    let mut draw = Draw { left: MOST_LINES, nested: true };
    let mut items = form_items(bytes, text, encoding);
    items.push(draw.element(element.nodes()));
    items
}

fn form_items(bytes: &[u8], text: &[u8], encoding: Encoding) -> Vec<Item> {
    let form = Item::new("form");
    if encoding == Encoding::Xml {
        let transcoded = !std::ptr::eq(bytes, text);
        let form = form.value("XML");
        return vec![if transcoded { form.remark("not in UTF-8; bytes are counted in UTF-8") } else { form }];
    }
    let Some(head) = Head::of(text) else { return vec![form.value("WBXML")] };
    let public_id = match (&head.public_id, head.public_id.name()) {
        (PublicId::Number(number), Some(name)) => format!("{number:#06x} ({name})"),
        (PublicId::Number(number), None) => format!("{number:#x}"),
        (PublicId::Text(text), _) => style::short(text, MOST_TEXT),
    };
    let table = if head.table == 0 { "empty".into() } else { format!("{} bytes", head.table) };
    let below = [
        Item::new("public id").value(public_id),
        Item::new("charset").value(head.charset_name()),
        Item::new("string table").value(table),
    ];
    vec![form.value(format!("WBXML {}", head.version)).with_all(below)]
}

fn namespace_item(namespace: &Namespace<'_>) -> Item {
    let item = Item::new("namespace");
    match namespace {
        Namespace::Absent => item.styled("none", NOTE),
        Namespace::Other(text) => item.styled(style::short(text, MOST_TEXT), NOTE),
        known => item.value(known.as_str()),
    }
}

/// What is left to be drawn, and how.
struct Draw {
    left: usize,
    nested: bool,
}

impl Draw {
    /// Counts a line; `false` when there is no room for it.
    fn line(&mut self) -> bool {
        let room = self.left > 0;
        self.left = self.left.saturating_sub(1);
        room
    }

    fn header(&mut self, header: &SyncHdr<'_>, document: &Document<'_>) -> Item {
        let mut below = Vec::new();
        let [ver_dtd, ver_proto, session_id, msg_id, resp_uri] = header_texts(header);
        below.extend([ver_dtd, ver_proto, session_id, msg_id].map(text_item));
        below.push(self.location("Target", &header.target));
        below.push(self.location("Source", &header.source));
        below.extend(resp_uri.1.map(|uri| Item::new("RespURI").value(uri)));
        below.extend(header.cred.as_ref().map(|cred| cred_item(cred, document)));
        below.extend(header.meta.as_ref().and_then(|meta| self.meta("Meta", meta)));
        below.extend(self.extras(&header.extras));
        Item::new("SyncHdr").remark(at(header.span().start())).with_all(below)
    }

    fn commands(&mut self, commands: &[Command<'_>]) -> Vec<Item> {
        let mut items = Vec::new();
        for (done, command) in commands.iter().enumerate() {
            if !self.line() {
                items.push(more(commands.len() - done, "commands"));
                break;
            }
            items.push(self.command(command));
        }
        items
    }

    fn command(&mut self, command: &Command<'_>) -> Item {
        let name = match command.name() {
            Some(name) => name.to_owned(),
            None => match command {
                Command::Ds(element) | Command::Unknown(element) => element.name().to_string(),
                _ => String::new(),
            },
        };
        let name = style::short(&name, MOST_TEXT);
        let item = match command.cmd_id() {
            Some(id) if id.is_empty() => Item::new(format!("{name}, no CmdID")),
            Some(id) => Item::new(format!("{name} {}", style::short(id.as_str(), MOST_TEXT))),
            None => Item::new(name),
        };
        let item = item.remark(at(command.span().start()));
        match command {
            Command::Status(it) => self.status(item, command, it),
            Command::Results(it) => self.results(item, command, it),
            Command::Alert(it) => self.alert(item, command, it),
            Command::Atomic(it) | Command::Sequence(it) => self.container(item, it),
            Command::Add(it)
            | Command::Copy(it)
            | Command::Delete(it)
            | Command::Exec(it)
            | Command::Get(it)
            | Command::Replace(it) => self.operation(item, command, it),
            Command::Ds(element) => {
                let drawn = self.content(element.nodes());
                item.styled("not used by DM", NOTE).with_all(drawn)
            }
            Command::Unknown(element) => {
                let drawn = self.content(element.nodes());
                item.styled("unknown command", BAD).with_all(drawn)
            }
            _ => item,
        }
    }

    fn status(&mut self, item: Item, command: &Command<'_>, it: &Status<'_>) -> Item {
        let answered = match (&it.cmd, &it.cmd_ref) {
            _ if it.is_for_header() => "the header".into(),
            (Some(cmd), Some(id)) => format!("{cmd} {id}"),
            (Some(cmd), None) => cmd.to_string(),
            (None, Some(id)) => format!("command {id}"),
            (None, None) => "what is not said".into(),
        };
        let message = if it.msg_ref.is_empty() { "?" } else { it.msg_ref.as_str() };
        let (code, colour) = match it.code() {
            Some(code) => {
                let colour = if code.is_success() {
                    GOOD
                } else if code.code() >= 400 {
                    BAD
                } else {
                    NOTE
                };
                (code.name().map_or_else(|| code.to_string(), |name| format!("{code} {name}")), colour)
            }
            None => ("no code".into(), BAD),
        };
        let mut below: Vec<Item> = it.target_refs.iter().map(|uri| Item::new("TargetRef").value(uri)).collect();
        below.extend(it.source_refs.iter().map(|uri| Item::new("SourceRef").value(uri)));
        below.extend(
            it.data
                .as_ref()
                .and_then(Data::original_error)
                .map(|error| Item::new("originalerror").styled(style::short(error.text, MOST_TEXT), NOTE)),
        );
        if let (None, Some(data)) = (it.code(), &it.data) {
            below.push(self.data(data, command.effective_meta(&dm_syncml::Item::new())));
        }
        below.extend(it.chal.as_ref().map(|chal| self.chal(chal)));
        below.extend(self.items(command));
        below.extend(self.extras(&it.extras));
        let text = style::short(&format!("{code}, to {answered} of message {message}"), 400);
        item.styled(text, colour).with_all(below)
    }

    fn results(&mut self, item: Item, command: &Command<'_>, it: &Results<'_>) -> Item {
        let cmd = it.cmd().map_or("Get", |cmd| cmd.as_str());
        let answered = format!("of {cmd} {} of message {}", it.cmd_ref(), it.msg_ref());
        let mut below = Vec::new();
        below.extend(it.target_ref().map(|uri| Item::new("TargetRef").value(uri)));
        below.extend(it.source_ref().map(|uri| Item::new("SourceRef").value(uri)));
        below.extend(it.meta.as_ref().and_then(|meta| self.meta("Meta", meta)));
        below.extend(self.items(command));
        below.extend(self.extras(&it.extras));
        item.value(answered).with_all(below)
    }

    fn alert(&mut self, item: Item, command: &Command<'_>, it: &Alert<'_>) -> Item {
        let item = match it.code() {
            Some(code) => match code.name() {
                Some(name) => item.value(format!("{code} {name}")),
                None => item.styled(format!("{code}, not in the standard"), NOTE),
            },
            None => item.styled("no code", BAD),
        };
        let mut below = Vec::new();
        if let (None, Some(data)) = (it.code(), &it.data) {
            below.push(self.data(data, command.effective_meta(&dm_syncml::Item::new())));
        }
        below.extend(it.correlator.as_ref().map(|text| Item::new("Correlator").value(text)));
        below.extend(self.items(command));
        below.extend(self.extras(&it.extras));
        item.with_all(below)
    }

    fn operation(&mut self, item: Item, command: &Command<'_>, it: &Operation<'_>) -> Item {
        let mut below = Vec::new();
        below.extend(it.meta.as_ref().and_then(|meta| self.meta("Meta", meta)));
        below.extend(it.correlator.as_ref().map(|text| Item::new("Correlator").value(text)));
        below.extend(self.items(command));
        below.extend(self.extras(&it.extras));
        item.with_all(below)
    }

    fn container(&mut self, item: Item, it: &Container<'_>) -> Item {
        let mut below = Vec::new();
        below.extend(it.meta.as_ref().and_then(|meta| self.meta("Meta", meta)));
        below.extend(self.extras(&it.extras));
        below.extend(self.commands(&it.commands));
        item.with_all(below)
    }

    fn items(&mut self, command: &Command<'_>) -> Vec<Item> {
        let items = command.items();
        let mut drawn = Vec::new();
        for (done, item) in items.iter().enumerate() {
            if !self.line() {
                drawn.push(more(items.len() - done, "items"));
                break;
            }
            drawn.push(self.item(item, command));
        }
        drawn
    }

    fn item(&mut self, item: &dm_syncml::Item<'_>, command: &Command<'_>) -> Item {
        let mut below = Vec::new();
        below.extend(item.target.as_ref().map(|target| self.location("Target", target)));
        below.extend(item.source.as_ref().map(|source| self.location("Source", source)));
        below.extend(item.meta.as_ref().and_then(|meta| self.meta("Meta", meta)));
        below.extend(item.data.as_ref().map(|data| self.data(data, command.effective_meta(item))));
        below.extend(item.more_data.then(|| Item::new("MoreData").value("the next chunk follows")));
        below.extend(self.extras(&item.extras));
        // An address alone needs no heading.
        match (below.pop(), below.is_empty()) {
            (Some(only), true) => only,
            (Some(last), false) => {
                below.push(last);
                self.left = self.left.saturating_sub(below.len());
                Item::new("Item").with_all(below)
            }
            (None, _) => Item::new("Item").styled("empty", FAINT),
        }
    }

    /// All that is said in one line; nothing for an empty Meta.
    fn meta(&mut self, name: &str, meta: &Meta<'_>) -> Option<Item> {
        let mut said = Vec::new();
        let mut odd = false;
        if let Some(format) = meta.format() {
            odd |= matches!(format, Format::Other(_));
            said.push(format!("Format {format}"));
        }
        said.extend(meta.type_().map(|text| format!("Type {text}")));
        said.extend(meta.mark().map(|mark| format!("Mark {mark}")));
        let sizes = [("Size", meta.size()), ("MaxMsgSize", meta.max_msg_size()), ("MaxObjSize", meta.max_obj_size())];
        for (name, size) in sizes {
            odd |= size.is_some_and(|size| size.number().is_none());
            said.extend(size.map(|size: &Decimal<'_>| format!("{name} {size}")));
        }
        said.extend(meta.next_nonce().map(|_| format!("NextNonce {NOT_SHOWN}")));
        said.extend(meta.emi().iter().map(|text| format!("EMI {text}")));
        let extras = self.extras(meta.extras());
        if said.is_empty() && extras.is_empty() {
            return None;
        }
        let style = if odd { NOTE } else { anstyle::Style::new() };
        Some(Item::new(name).styled(style::short(&said.join(", "), 400), style).with_all(extras))
    }

    fn location(&mut self, name: &str, location: &Location<'_>) -> Item {
        let item = Item::new(name);
        let item = match location.uri.as_str() {
            "" => item.styled("empty", NOTE),
            uri => item.value(uri),
        };
        let item = match location.name() {
            Some(name) => item.remark(style::short(&format!("LocName {name}"), MOST_TEXT)),
            None => item,
        };
        item.with_all(self.extras(location.extras()))
    }

    fn chal(&mut self, chal: &Chal<'_>) -> Item {
        let type_ = chal.meta.type_().unwrap_or("of no type");
        let nonce = if chal.meta.next_nonce().is_some() { format!(", NextNonce {NOT_SHOWN}") } else { String::new() };
        Item::new("Chal").value(format!("{type_}{nonce}")).with_all(self.extras(&chal.extras))
    }

    fn data(&mut self, data: &Data<'_>, meta: EffectiveMeta<'_, '_>) -> Item {
        let item = Item::new("Data");
        let attributes: Vec<Item> = data.attributes.iter().map(attribute_item).collect();
        let item = match &data.content {
            Content::Text(text) => match (text.is_empty(), meta.format()) {
                (true, _) => item.styled("empty", FAINT),
                (false, Format::B64) => base64_item(item, text, data, ""),
                (false, _) => {
                    let shown = text_item_value(item, text);
                    let xml = text.trim_ascii_start();
                    let document = xml.starts_with('<').then(|| nested(xml.as_bytes(), Encoding::Xml));
                    self.nested(shown, document.flatten().as_ref().map(Element::nodes))
                }
            },
            Content::Opaque(bytes) => {
                let length = count(bytes.len());
                match (text_of(bytes), meta.format()) {
                    (_, _) if bytes.is_empty() => item.styled("empty", FAINT).remark("OPAQUE"),
                    (Some(text), Format::B64) => base64_item(item, text, data, "OPAQUE, "),
                    (Some(text), format) if *format != Format::Bin => {
                        text_item_value(item, text).remark(format!("OPAQUE, {length}"))
                    }
                    _ => {
                        let is_document = matches!(bytes.first(), Some(0..=3)) && meta.type_().contains("wbxml");
                        let element = is_document.then(|| nested(bytes, Encoding::Wbxml)).flatten();
                        let item = item.value(hex_preview(bytes)).remark(format!("OPAQUE, {length}"));
                        self.nested(item, element.as_ref().map(Element::nodes))
                    }
                }
            }
            Content::Markup(markup) => {
                let item = item.styled(short_text(&markup.xml), NOTE);
                let item = item.remark(format!("mark-up, {}", count(markup.xml.len())));
                let whole = whole(markup);
                let element = nested(whole.as_bytes(), Encoding::Xml);
                let inside = element.as_ref().and_then(|element| {
                    let nodes = element.nodes();
                    nodes.get(1 + element.view().attributes().count()..nodes.len().checked_sub(1)?)
                });
                self.nested(item, inside)
            }
            Content::Element(element) => {
                let item = item.value("inline");
                self.nested(item, Some(element.nodes()))
            }
            _ => item,
        };
        item.with_all(attributes)
    }

    /// Below an item what is in its Data, if that is small or was asked for.
    fn nested(&mut self, item: Item, nodes: Option<&[Node<'_>]>) -> Item {
        let Some(nodes) = nodes else { return item };
        let elements = nodes.iter().filter(|node| matches!(node, Node::Start(_))).count();
        if !self.nested && elements > SMALL {
            return item.with_all([more(elements, "elements").remark("--nested shows them")]);
        }
        item.with_all(self.forest(nodes))
    }

    fn extras(&mut self, extras: &Extras<'_>) -> Vec<Item> {
        let mut drawn = Vec::new();
        for (done, element) in extras.iter().enumerate() {
            if !self.line() {
                drawn.push(more(extras.len() - done, "elements"));
                break;
            }
            let why = if matches!(element.name(), Name::Known(_)) { "not used by DM here" } else { "unknown" };
            let at = at(element.span().start());
            drawn.push(self.element(element.nodes()).remark(if at.is_empty() {
                why.into()
            } else {
                format!("{why}, {at}")
            }));
        }
        drawn
    }

    fn element(&mut self, nodes: &[Node<'_>]) -> Item {
        self.forest(nodes).into_iter().next().unwrap_or_else(|| Item::new("element"))
    }

    /// What is in an element, without itself.
    fn content(&mut self, nodes: &[Node<'_>]) -> Vec<Item> {
        let inside = nodes.len().checked_sub(1).and_then(|end| nodes.get(1..end));
        self.forest(inside.unwrap_or_default())
    }

    /// Elements side by side, nested. A text alone is the value of its element.
    fn forest(&mut self, nodes: &[Node<'_>]) -> Vec<Item> {
        let mut open: Vec<(Item, Vec<Item>, Option<String>)> = Vec::new();
        let mut done: Vec<Item> = Vec::new();
        // How many are open inside one that is not shown, and in one that there was no room for.
        let (mut hidden, mut skipped) = (0_usize, 0_usize);
        let mut left_out = 0_usize;
        for node in nodes {
            let finished = match node {
                Node::Start(_) if skipped > 0 => {
                    (skipped, left_out) = (skipped + 1, left_out + 1);
                    continue;
                }
                Node::End if skipped > 0 => {
                    skipped -= 1;
                    continue;
                }
                _ if skipped > 0 => continue,
                Node::Start(_) if hidden > 0 => {
                    hidden += 1;
                    continue;
                }
                Node::Start(_) if !self.line() => {
                    (skipped, left_out) = (1, left_out + 1);
                    continue;
                }
                Node::Start(name) => {
                    hidden = usize::from(is_secret(name.local()));
                    open.push((element_item(name), Vec::new(), (hidden > 0).then(|| NOT_SHOWN.to_owned())));
                    continue;
                }
                Node::End if hidden > 1 => {
                    hidden -= 1;
                    continue;
                }
                Node::End => {
                    hidden = 0;
                    match open.pop() {
                        Some((item, below, Some(text))) if below.is_empty() => item.value(text),
                        Some((item, mut below, text)) => {
                            below.extend(text.map(|text| Item::new("text").value(text)));
                            item.with_all(below)
                        }
                        None => break,
                    }
                }
                _ if hidden > 0 => continue,
                Node::Attribute(attribute) => attribute_item(attribute),
                Node::Text(text) => match open.last_mut() {
                    Some((_, _, value @ None)) => {
                        *value = Some(short_text(text));
                        continue;
                    }
                    _ => Item::new("text").value(short_text(text)),
                },
                Node::Opaque(bytes) => Item::new("OPAQUE").value(hex_preview(bytes)).remark(count(bytes.len())),
                _ => continue,
            };
            open.last_mut().map_or(&mut done, |(_, below, _)| below).push(finished);
        }
        // Steps end with what began; a list that does not is shown as far as it goes.
        while let Some((item, below, _)) = open.pop() {
            let item = item.with_all(below);
            open.last_mut().map_or(&mut done, |(_, below, _)| below).push(item);
        }
        if left_out > 0 {
            done.push(more(left_out, "elements"));
        }
        done
    }
}

fn text_item((name, text): (&str, Option<&str>)) -> Item {
    match text {
        None | Some("") => Item::new(name).styled("missing", BAD),
        Some(text) => Item::new(name).value(text),
    }
}

/// The scheme and how long the credentials are; never the credentials.
fn cred_item(cred: &Cred<'_>, document: &Document<'_>) -> Item {
    let type_ = style::short(cred.meta.type_().unwrap_or("of no type"), MOST_TEXT);
    let length = cred.data.as_bytes().map_or_else(String::new, |bytes| format!(", {}", count(bytes.len())));
    let item = Item::new("Cred");
    let remark = |what: &str| {
        let at = at(cred.span().start());
        if at.is_empty() { what.to_owned() } else { format!("{at}, {what}") }
    };
    let item = item.with_all(cred.extras.iter().map(|extra| element_item(extra.name()).styled(NOT_SHOWN, NOTE)));
    match &document.login {
        Some(Ok(())) => item.styled(format!("{type_}{length}"), GOOD).remark(remark("verified")),
        Some(Err(why)) => item.styled(format!("{type_}{length}"), BAD).remark(remark(&why.to_string())),
        None => item.value(format!("{type_}{length}")).remark(remark(NOT_SHOWN)),
    }
}

fn element_item(name: &Name<'_>) -> Item {
    match name {
        Name::Known(tag) => Item::new(Tag::name(*tag)),
        Name::Other { namespace, local } if !namespace.is_empty() => {
            Item::new(style::short(local, MOST_TEXT)).remark(style::short(namespace, MOST_TEXT))
        }
        other => Item::new(style::short(&other.to_string(), MOST_TEXT)),
    }
}

fn attribute_item(attribute: &Attribute<'_>) -> Item {
    Item::new(style::short(&format!("@{}", attribute.name), MOST_TEXT)).value(short_text(&attribute.value))
}

/// Text as the value of a line, with its length when it is cut.
fn text_item_value(item: Item, text: &str) -> Item {
    let shown = short_text(text);
    let item = item.value(&shown);
    if shown.ends_with('…') { item.remark(count(text.len())) } else { item }
}

/// What Base64 stands for.
fn base64_item(item: Item, text: &str, data: &Data<'_>, carrier: &str) -> Item {
    let length = count(text.len());
    let meaning = data.decode_base64().map_or_else(
        |_| "not Base64".to_owned(),
        |bytes| format!("Base64 of {}: {}", count(bytes.len()), hex_preview(&bytes)),
    );
    item.value(short_text(text)).remark(format!("{carrier}{length}, {meaning}"))
}

/// Bytes as text, if they are one that can be shown.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let shown = |text: &&str| !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    std::str::from_utf8(bytes).ok().filter(shown)
}

/// The mark-up inside one element, with the declarations that hold there.
fn whole(markup: &dm_syncml::Markup<'_>) -> String {
    let mut whole = String::from("<Data");
    for declared in &markup.scope {
        let uri = declared.uri.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let colon = if declared.prefix.is_empty() { "" } else { ":" };
        whole += &format!(" xmlns{colon}{}=\"{uri}\"", declared.prefix);
    }
    whole + ">" + &markup.xml + "</Data>"
}

/// The beginning of a text, line ends visible.
fn short_text(text: &str) -> String {
    // Four bytes are the longest character, and two become of a line end.
    let head: Cow<'_, str> = match text.char_indices().nth(MOST_TEXT + 1) {
        Some((end, _)) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        None => Cow::Borrowed(text),
    };
    let visible = head.replace("\r\n", "⏎").replace(['\n', '\r'], "⏎").replace('\t', " ");
    style::short(&visible, MOST_TEXT)
}

fn hex_preview(bytes: &[u8]) -> String {
    match bytes.get(..MOST_BYTES) {
        Some(head) if bytes.len() > MOST_BYTES => hex(head) + "…",
        _ => hex(bytes),
    }
}

fn count(bytes: usize) -> String {
    if bytes == 1 { "1 byte".into() } else { format!("{bytes} bytes") }
}

/// Where something stands. Nothing stands at byte 0 but a document or a fragment.
fn at(offset: usize) -> String {
    if offset == 0 { String::new() } else { format!("byte {offset}") }
}

fn more(left: usize, what: &str) -> Item {
    Item::new("…").styled(format!("{left} more {what}"), FAINT)
}
