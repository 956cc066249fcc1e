//! SyncML for machines. Members stand in one order; bytes that are no text are `{"base64": …}`.

use dm_syncml::{
    Alert, Attribute, Chal, CmdRef, Command, CommandName, Container, Content, Cred, Data, Decimal, EffectiveMeta,
    Element, Encoding, Error, Extras, Format, FragmentRoot, Item, LocUri, Location, Mark, Meta, Name, Namespace, Node,
    Operation, Results, Span, Status, SyncHdr,
};

use super::head::{Head, PublicId};
use super::{Document, is_secret, nested};
use crate::input::to_base64;
use crate::output::json::Json;

/// A message or part of one. `error` is where it broke off.
pub(super) fn message(document: &Document<'_>, error: Option<Error>) -> Json {
    let fragment = &document.fragment;
    let draw = Draw { nested: document.nested };
    let root = match fragment.root {
        FragmentRoot::Message => "message",
        FragmentRoot::SyncMl => "syncml",
        FragmentRoot::SyncBody => "body",
        _ => "commands",
    };
    let namespace = match &fragment.namespace {
        Namespace::Absent => None,
        namespace => Some(namespace.as_str()),
    };
    let declarations = fragment
        .declarations
        .iter()
        .map(|declared| (declared.prefix.as_str().to_owned(), Json::from(declared.uri.as_str())))
        .collect();
    form(document.text, document.encoding)
        .with("root", root)
        .with("namespace", namespace)
        .with("header", fragment.header.as_ref().map(|header| header_json(header, document)))
        .with("commands", fragment.commands.iter().map(|it| draw.command(it)).collect::<Json>())
        .with("final", fragment.is_final)
        .with("declarations", Json::Object(declarations))
        .with("extra", extras(&fragment.extras))
        .with(
            "error",
            error.map(|error| {
                Json::object()
                    .with("kind", format!("{:?}", error.kind()))
                    .with("cause", error.kind().to_string())
                    .with("offset", error.offset())
            }),
        )
}

/// A management tree or device information by itself.
pub(super) fn document(text: &[u8], encoding: Encoding, element: &Element<'_>) -> Json {
    form(text, encoding).with("root", "document").with("document", self::element(element.nodes()))
}

fn form(text: &[u8], encoding: Encoding) -> Json {
    if encoding == Encoding::Xml {
        return Json::object().with("form", "xml");
    }
    let head = Head::of(text).map(|head| {
        let public_id = match head.public_id {
            PublicId::Number(number) => Json::from(u64::from(number)),
            PublicId::Text(text) => Json::from(text),
        };
        Json::object()
            .with("version", head.version)
            .with("public_id", public_id)
            .with("charset", u64::from(head.charset))
            .with("string_table_length", head.table)
    });
    Json::object().with("form", "wbxml").with("wbxml", head)
}

fn header_json(header: &SyncHdr<'_>, document: &Document<'_>) -> Json {
    Json::object()
        .with("ver_dtd", header.ver_dtd.as_str())
        .with("ver_proto", header.ver_proto.as_str())
        .with("session_id", header.session_id.as_str())
        .with("msg_id", header.msg_id.as_str())
        .with("target", location(&header.target))
        .with("source", location(&header.source))
        .with("resp_uri", header.resp_uri.as_ref().map(|uri| uri.as_str()))
        .with("cred", header.cred.as_ref().map(|cred| cred_json(cred, document)))
        .with("meta", header.meta.as_ref().map(meta))
        .with("extra", extras(&header.extras))
        .with("span", span(header.span()))
}

/// Without the credentials.
fn cred_json(cred: &Cred<'_>, document: &Document<'_>) -> Json {
    Json::object()
        .with("type", cred.meta.type_())
        .with("format", cred.meta.format().map(Format::as_str))
        .with("length", cred.data.as_bytes().map(<[u8]>::len))
        .with("verified", document.login.map(|outcome| outcome.is_ok()))
        .with("extra", names(&cred.extras))
        .with("span", span(cred.span()))
}

/// How much is said.
#[derive(Clone, Copy)]
struct Draw {
    /// Nested documents taken apart.
    nested: bool,
}

impl Draw {
    fn command(self, command: &Command<'_>) -> Json {
        let json = Json::object()
            .with("name", command.name())
            .with("cmd_id", command.cmd_id().map(|id| id.as_str()))
            .with("span", span(command.span()));
        match command {
            Command::Status(it) => self.status(json, command, it),
            Command::Results(it) => self.results(json, command, it),
            Command::Alert(it) => self.alert(json, command, it),
            Command::Atomic(it) | Command::Sequence(it) => self.container(json, it),
            Command::Add(it)
            | Command::Copy(it)
            | Command::Delete(it)
            | Command::Exec(it)
            | Command::Get(it)
            | Command::Replace(it) => self.operation(json, command, it),
            Command::Ds(it) => json.with("known", "ds").with("element", element(it.nodes())),
            Command::Unknown(it) => json.with("known", "no").with("element", element(it.nodes())),
            _ => json,
        }
    }

    fn status(self, json: Json, command: &Command<'_>, it: &Status<'_>) -> Json {
        json.with("msg_ref", it.msg_ref.as_str())
            .with("cmd_ref", it.cmd_ref.as_ref().map(CmdRef::as_str))
            .with("cmd", it.cmd.as_ref().map(CommandName::as_str))
            .with("target_refs", uris(&it.target_refs))
            .with("source_refs", uris(&it.source_refs))
            .with("chal", it.chal.as_deref().map(chal))
            .with("code", it.code().map(|code| u64::from(code.code())))
            .with("code_name", it.code().and_then(|code| code.name()))
            .with("data", it.data.as_ref().map(|data| self.data(data, None)))
            .with("items", self.items(command))
            .with("extra", extras(&it.extras))
    }

    fn results(self, json: Json, command: &Command<'_>, it: &Results<'_>) -> Json {
        json.with("msg_ref", it.msg_ref())
            .with("cmd_ref", it.cmd_ref())
            .with("cmd", it.cmd().map(CommandName::as_str))
            .with("target_ref", it.target_ref().map(LocUri::as_str))
            .with("source_ref", it.source_ref().map(LocUri::as_str))
            .with("meta", it.meta.as_deref().map(meta))
            .with("items", self.items(command))
            .with("extra", extras(&it.extras))
    }

    fn alert(self, json: Json, command: &Command<'_>, it: &Alert<'_>) -> Json {
        json.with("code", it.code().map(|code| u64::from(code.code())))
            .with("code_name", it.code().and_then(|code| code.name()))
            .with("data", it.data.as_ref().map(|data| self.data(data, None)))
            .with("correlator", it.correlator.as_ref().map(|text| text.as_str()))
            .with("items", self.items(command))
            .with("extra", extras(&it.extras))
    }

    fn operation(self, json: Json, command: &Command<'_>, it: &Operation<'_>) -> Json {
        json.with("meta", it.meta.as_deref().map(meta))
            .with("correlator", it.correlator.as_ref().map(|text| text.as_str()))
            .with("items", self.items(command))
            .with("extra", extras(&it.extras))
    }

    fn container(self, json: Json, it: &Container<'_>) -> Json {
        json.with("meta", it.meta.as_deref().map(meta))
            .with("commands", it.commands.iter().map(|it| self.command(it)).collect::<Json>())
            .with("extra", extras(&it.extras))
    }

    fn items(self, command: &Command<'_>) -> Json {
        command.items().iter().map(|item| self.item(item, command.effective_meta(item))).collect()
    }

    fn item(self, item: &Item<'_>, effective: EffectiveMeta<'_, '_>) -> Json {
        Json::object()
            .with("target", item.target.as_ref().map(location))
            .with("source", item.source.as_ref().map(location))
            .with("meta", item.meta.as_ref().map(meta))
            .with("data", item.data.as_ref().map(|data| self.data(data, Some(effective))))
            .with("more_data", item.more_data)
            .with("extra", extras(&item.extras))
    }

    fn data(self, data: &Data<'_>, effective: Option<EffectiveMeta<'_, '_>>) -> Json {
        let json = match &data.content {
            Content::Text(text) => Json::object().with("text", text.as_str()),
            Content::Opaque(bytes) => opaque(bytes).with("opaque", true),
            Content::Markup(markup) => Json::object().with("markup", markup.xml.as_ref()),
            Content::Element(it) => Json::object().with("element", element(it.nodes())),
            _ => Json::object(),
        };
        let json = if self.nested { json.with("document", inside(data, effective)) } else { json };
        json.with("attributes", data.attributes.iter().map(attribute).collect::<Json>())
            .with(
                "original_error",
                data.original_error()
                    .map(|error| Json::object().with("text", error.text).with("code", error.code.map(u64::from))),
            )
            .with("span", span(data.span()))
    }
}

/// The document inside Data, if there is one: text that is XML, bytes that their Type calls WBXML.
fn inside(data: &Data<'_>, effective: Option<EffectiveMeta<'_, '_>>) -> Option<Json> {
    let xml = |text: &str| nested(text.trim_ascii_start().as_bytes(), Encoding::Xml).map(|it| element(it.nodes()));
    match &data.content {
        Content::Text(text) if text.trim_ascii_start().starts_with('<') => xml(text),
        Content::Markup(markup) => xml(&markup.xml),
        Content::Opaque(bytes) if effective.is_some_and(|meta| meta.type_().contains("wbxml")) => {
            nested(bytes, Encoding::Wbxml).map(|it| element(it.nodes()))
        }
        _ => None,
    }
}

fn location(location: &Location<'_>) -> Json {
    Json::object()
        .with("uri", location.uri.as_str())
        .with("name", location.name())
        .with("extra", extras(location.extras()))
}

/// Without the nonce.
fn meta(meta: &Meta<'_>) -> Json {
    Json::object()
        .with("format", meta.format().map(Format::as_str))
        .with("type", meta.type_())
        .with("mark", meta.mark().map(Mark::as_str))
        .with("size", meta.size().map(Decimal::as_str))
        .with("next_nonce", meta.next_nonce().map(|_| "redacted"))
        .with("max_msg_size", meta.max_msg_size().map(Decimal::as_str))
        .with("max_obj_size", meta.max_obj_size().map(Decimal::as_str))
        .with("emi", meta.emi().iter().map(|text| text.as_str()).collect::<Json>())
        .with("extra", extras(meta.extras()))
}

fn chal(chal: &Chal<'_>) -> Json {
    Json::object().with("meta", meta(&chal.meta)).with("extra", names(&chal.extras))
}

/// Bytes that may be text.
fn opaque(bytes: &[u8]) -> Json {
    match std::str::from_utf8(bytes) {
        Ok(text) => Json::object().with("text", text),
        Err(_) => Json::object().with("base64", to_base64(bytes)),
    }
}

fn attribute(attribute: &Attribute<'_>) -> Json {
    Json::object()
        .with("name", attribute.name.as_str())
        .with("namespace", attribute.namespace.as_str())
        .with("value", attribute.value.as_str())
}

/// First byte and the one behind the last; `null` for what came from nowhere.
fn span(span: Span) -> Json {
    if span.is_empty() { Json::Null } else { vec![span.range().start, span.range().end].into() }
}

fn uris(uris: &[LocUri<'_>]) -> Json {
    uris.iter().map(|uri| uri.as_str()).collect()
}

fn extras(extras: &Extras<'_>) -> Json {
    extras.iter().map(|it| element(it.nodes())).collect()
}

/// The names alone of what stands beside credentials.
fn names(extras: &Extras<'_>) -> Json {
    extras.iter().map(|it| Json::object().with("name", it.name().to_string())).collect()
}

/// An element with everything in it: texts as they are, bytes as `base64`, elements as objects.
fn element(nodes: &[Node<'_>]) -> Json {
    struct Open {
        json: Json,
        attributes: Vec<Json>,
        content: Vec<Json>,
        secret: bool,
    }
    let mut open: Vec<Open> = Vec::new();
    for node in nodes {
        match node {
            Node::Start(name) => {
                let json = match name {
                    Name::Token { page, token } => {
                        Json::object().with("name", Json::Null).with("page", *page).with("token", *token)
                    }
                    Name::Other { namespace, local } => {
                        Json::object().with("name", local.as_str()).with("namespace", namespace.as_str())
                    }
                    Name::Known(tag) => {
                        Json::object().with("name", tag.name()).with("namespace", tag.page().namespace())
                    }
                    _ => Json::object().with("name", Json::Null),
                };
                let secret = is_secret(name.local()) || open.last().is_some_and(|parent| parent.secret);
                open.push(Open { json, attributes: Vec::new(), content: Vec::new(), secret });
            }
            Node::End => {
                let Some(Open { json, attributes, content, secret }) = open.pop() else { break };
                let mut json = json;
                if secret {
                    json = json.with("content", "redacted");
                } else {
                    if !attributes.is_empty() {
                        json = json.with("attributes", attributes);
                    }
                    json = json.with("content", content);
                }
                match open.last_mut() {
                    Some(parent) => parent.content.push(json),
                    None => return json,
                }
            }
            Node::Attribute(it) => {
                if let Some(parent) = open.last_mut() {
                    parent.attributes.push(attribute(it));
                }
            }
            Node::Text(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.content.push(Json::from(text.as_str()));
                }
            }
            Node::Opaque(bytes) => {
                if let Some(parent) = open.last_mut() {
                    parent.content.push(opaque(bytes));
                }
            }
            _ => {}
        }
    }
    Json::Null
}
