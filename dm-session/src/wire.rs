//! Serde for protocol values, for snapshots and outboxes.
//!
//! The packages' own encoders will not do here: they refuse what a lenient decoder took, and their
//! limits are those of one package. A machine has to be storable in every state that it can reach.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use dm_package::{Alert, Command, Json, Mark, MoItem, MosItem, Status, StatusCode, Str};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Makes a module for `#[serde(with = …)]` on a list of protocol values.
macro_rules! list {
    ($(#[$doc:meta])+ $module:ident: $value:ty as $form:ty) => {
        $(#[$doc])+
        pub(crate) mod $module {
            use super::*;

            pub(crate) fn serialize<S: Serializer>(values: &[$value], to: S) -> Result<S::Ok, S::Error> {
                to.collect_seq(values.iter().map(<$form>::from))
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<$value>, D::Error> {
                let forms = Vec::<$form>::deserialize(from)?;
                forms.into_iter().map(|form| form.try_into().map_err(de::Error::custom)).collect()
            }
        }
    };
}

list!(
    /// Alerts.
    alerts: Alert<'static> as AlertForm
);
list!(
    /// Statuses with their data.
    statuses: Status<'static> as StatusForm
);
list!(
    /// Commands that a server sent.
    commands: Command<'static> as CommandForm
);
list!(
    /// Items of an MO serialization.
    items: MoItem<'static> as ItemForm
);

/// One alert.
pub(crate) mod alert {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(alert: &Alert<'static>, to: S) -> Result<S::Ok, S::Error> {
        AlertForm::from(alert).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Alert<'static>, D::Error> {
        AlertForm::deserialize(from)?.try_into().map_err(de::Error::custom)
    }
}

/// The MOs of a Package#1.
pub(crate) mod mos {
    use super::*;

    type Mos = Option<Vec<MosItem<'static>>>;

    pub(crate) fn serialize<S: Serializer>(mos: &Mos, to: S) -> Result<S::Ok, S::Error> {
        let forms: Option<Vec<MosForm>> = mos.as_ref().map(|mos| mos.iter().map(MosForm::from).collect());
        forms.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Mos, D::Error> {
        let forms = Option::<Vec<MosForm>>::deserialize(from)?;
        Ok(forms.map(|forms| forms.into_iter().map(MosItem::from).collect()))
    }
}

/// A map whose keys are no strings, as a list of pairs.
pub(crate) mod pairs {
    use super::*;

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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertForm {
    alert_type: String,
    source_uri: Option<String>,
    target_uri: Option<String>,
    mark: Option<String>,
    data_type: Option<String>,
    data: Option<String>,
}

impl From<&Alert<'static>> for AlertForm {
    fn from(alert: &Alert<'static>) -> Self {
        Self {
            alert_type: text(&alert.alert_type),
            source_uri: alert.source_uri.as_ref().map(text),
            target_uri: alert.target_uri.as_ref().map(text),
            mark: alert.mark.map(|mark| mark.as_str().into()),
            data_type: alert.data_type.as_ref().map(text),
            data: alert.data.as_ref().map(|data| data.raw().into()),
        }
    }
}

impl TryFrom<AlertForm> for Alert<'static> {
    type Error = &'static str;

    fn try_from(form: AlertForm) -> Result<Self, Self::Error> {
        let mark = |mark: String| mark.parse::<Mark>().map_err(|_| "no Mark");
        Ok(Self {
            alert_type: form.alert_type.into(),
            source_uri: form.source_uri.map(Str::from),
            target_uri: form.target_uri.map(Str::from),
            mark: form.mark.map(mark).transpose()?,
            data_type: form.data_type.map(Str::from),
            data: form.data.as_deref().map(json).transpose()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusForm {
    sc: StatusCode,
    uris: Vec<String>,
    data: Vec<ItemForm>,
    extra: Vec<(String, String)>,
}

impl From<&Status<'static>> for StatusForm {
    fn from(status: &Status<'static>) -> Self {
        Self {
            sc: status.sc,
            uris: status.uris.iter().map(text).collect(),
            data: status.data.iter().map(ItemForm::from).collect(),
            extra: status.extra.iter().map(|(name, value)| (text(name), value.raw().into())).collect(),
        }
    }
}

impl TryFrom<StatusForm> for Status<'static> {
    type Error = &'static str;

    fn try_from(form: StatusForm) -> Result<Self, Self::Error> {
        let member = |(name, value): (String, String)| Ok((name.into(), json(&value)?));
        Ok(Self {
            sc: form.sc,
            uris: form.uris.into_iter().map(Str::from).collect(),
            data: form.data.into_iter().map(MoItem::try_from).collect::<Result<_, _>>()?,
            extra: form.extra.into_iter().map(member).collect::<Result<_, Self::Error>>()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemForm {
    client_uri: String,
    mo_data: String,
    ddf: Option<String>,
    cv: Option<String>,
}

impl From<&MoItem<'static>> for ItemForm {
    fn from(item: &MoItem<'static>) -> Self {
        Self {
            client_uri: text(&item.client_uri),
            mo_data: item.mo_data.raw().into(),
            ddf: item.ddf.as_ref().map(text),
            cv: item.cv.as_ref().map(text),
        }
    }
}

impl TryFrom<ItemForm> for MoItem<'static> {
    type Error = &'static str;

    fn try_from(form: ItemForm) -> Result<Self, Self::Error> {
        let mut item = MoItem::new(form.client_uri, json(&form.mo_data)?);
        item.ddf = form.ddf.map(Str::from);
        item.cv = form.cv.map(Str::from);
        Ok(item)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MosForm {
    ddf: Option<String>,
    moid: String,
    miids: Vec<String>,
}

impl From<&MosItem<'static>> for MosForm {
    fn from(item: &MosItem<'static>) -> Self {
        Self { ddf: item.ddf.as_ref().map(text), moid: text(&item.moid), miids: item.miids.iter().map(text).collect() }
    }
}

impl From<MosForm> for MosItem<'static> {
    fn from(form: MosForm) -> Self {
        Self {
            ddf: form.ddf.map(Str::from),
            moid: form.moid.into(),
            miids: form.miids.into_iter().map(Str::from).collect(),
        }
    }
}

/// The twelve commands; a server sends no other.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum CommandForm {
    HGet(String, Option<String>),
    HPut(String, Vec<String>),
    HPost(String, Vec<String>),
    Delete(Vec<String>),
    Exec(String, Option<String>),
    Get(Vec<String>),
    Show(String),
    Cont(String),
    End,
    Default(String, String),
    Sub(String, String),
    UnSub(String),
    /// Not storable: no machine that works comes here, and restoring refuses it.
    Other,
}

impl From<&Command<'static>> for CommandForm {
    fn from(command: &Command<'static>) -> Self {
        let all = |uris: &[Str<'static>]| uris.iter().map(text).collect();
        match command {
            Command::HGet { server_uri, client_uri } => Self::HGet(text(server_uri), client_uri.as_ref().map(text)),
            Command::HPut { server_uri, client_uris } => Self::HPut(text(server_uri), all(client_uris)),
            Command::HPost { server_uri, client_uris } => Self::HPost(text(server_uri), all(client_uris)),
            Command::Delete { client_uris } => Self::Delete(all(client_uris)),
            Command::Exec { client_uri, server_uri } => Self::Exec(text(client_uri), server_uri.as_ref().map(text)),
            Command::Get { client_uris } => Self::Get(all(client_uris)),
            Command::Show { server_uri } => Self::Show(text(server_uri)),
            Command::Cont { server_uri } => Self::Cont(text(server_uri)),
            Command::End => Self::End,
            Command::Default { server_uri, moid } => Self::Default(text(server_uri), text(moid)),
            Command::Sub { server_uri, client_uri } => Self::Sub(text(server_uri), text(client_uri)),
            Command::UnSub { client_uri } => Self::UnSub(text(client_uri)),
            _ => Self::Other,
        }
    }
}

impl TryFrom<CommandForm> for Command<'static> {
    type Error = &'static str;

    fn try_from(form: CommandForm) -> Result<Self, Self::Error> {
        let all = |uris: Vec<String>| uris.into_iter().map(Str::from).collect();
        Ok(match form {
            CommandForm::HGet(server_uri, client_uri) => {
                Self::HGet { server_uri: server_uri.into(), client_uri: client_uri.map(Str::from) }
            }
            CommandForm::HPut(server_uri, uris) => Self::HPut { server_uri: server_uri.into(), client_uris: all(uris) },
            CommandForm::HPost(server_uri, uris) => {
                Self::HPost { server_uri: server_uri.into(), client_uris: all(uris) }
            }
            CommandForm::Delete(uris) => Self::Delete { client_uris: all(uris) },
            CommandForm::Exec(client_uri, server_uri) => {
                Self::Exec { client_uri: client_uri.into(), server_uri: server_uri.map(Str::from) }
            }
            CommandForm::Get(uris) => Self::Get { client_uris: all(uris) },
            CommandForm::Show(server_uri) => Self::Show { server_uri: server_uri.into() },
            CommandForm::Cont(server_uri) => Self::Cont { server_uri: server_uri.into() },
            CommandForm::End => Self::End,
            CommandForm::Default(server_uri, moid) => {
                Self::Default { server_uri: server_uri.into(), moid: moid.into() }
            }
            CommandForm::Sub(server_uri, client_uri) => {
                Self::Sub { server_uri: server_uri.into(), client_uri: client_uri.into() }
            }
            CommandForm::UnSub(client_uri) => Self::UnSub { client_uri: client_uri.into() },
            CommandForm::Other => return Err("no command that a server sends"),
        })
    }
}

fn text(text: &Str<'static>) -> String {
    text.as_str().into()
}

fn json(raw: &str) -> Result<Json<'static>, &'static str> {
    Json::parse(raw).map(Json::into_owned).map_err(|_| "no JSON")
}

/// Forms of values of DM 1.x.
#[cfg(feature = "dm1")]
pub(crate) use dm1::{element, encoding, native_format, nonce, options, refusal, status};

#[cfg(feature = "dm1")]
mod dm1 {
    use super::*;
    use crate::tree::Format;
    use core::time::Duration;
    use dm_syncml::{
        Attribute, Echo, Element, Encoding, InputType, Name, Node, Nonce, Page, StatusCode, Tag, UiOptions,
    };

    /// Makes a module for `#[serde(with = …)]` on a value, by two functions to and from what is stored.
    macro_rules! value {
        ($(#[$doc:meta])+ $module:ident: $value:ty as $form:ty, $to:expr, $from:expr) => {
            $(#[$doc])+
            pub(crate) mod $module {
                use super::*;

                pub(crate) fn serialize<S: Serializer>(value: &$value, to: S) -> Result<S::Ok, S::Error> {
                    let form: fn(&$value) -> Option<$form> = $to;
                    form(value).ok_or_else(|| serde::ser::Error::custom("cannot be stored"))?.serialize(to)
                }

                pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$value, D::Error> {
                    let value: fn($form) -> Option<$value> = $from;
                    value(<$form>::deserialize(from)?).ok_or_else(|| de::Error::custom("not a stored value"))
                }
            }
        };
    }

    value!(
        /// A document that stood in Data, step by step: neither XML nor WBXML has all that both can say.
        element: Element<'static> as Vec<Step>,
        |element| element.nodes().iter().map(Step::of).collect(),
        |steps| Element::of_nodes(steps.into_iter().map(Step::node).collect::<Option<_>>()?)
    );
    value!(
        /// The form of messages.
        encoding: Encoding as String,
        |encoding| Some(String::from(if *encoding == Encoding::Wbxml { "wbxml" } else { "xml" })),
        |text| match text.as_str() {
            "xml" => Some(Encoding::Xml),
            "wbxml" => Some(Encoding::Wbxml),
            _ => None,
        }
    );
    value!(
        /// A nonce, as Base64.
        nonce: Nonce as String,
        |nonce| Some(nonce.encode()),
        |text| Nonce::decode(&text).ok()
    );
    value!(
        /// Options of a user interaction.
        options: UiOptions<'static> as Options,
        |options| Some(Options::of(options)),
        Options::options
    );
    value!(
        /// A status code.
        status: StatusCode as u32,
        |status| Some(status.code()),
        |code| Some(StatusCode::new(code))
    );
    value!(
        /// A status code, if there is one.
        refusal: Option<StatusCode> as Option<u32>,
        |status| Some(status.map(StatusCode::code)),
        |code| Some(code.map(StatusCode::new))
    );
    value!(
        /// The format of a node, if it is said.
        native_format: Option<Format> as Option<String>,
        |format| Some(format.map(|format| String::from(format.as_str()))),
        |name| match name {
            Some(name) => Format::from_name(&name).map(Some),
            None => Some(None),
        }
    );

    /// One step through an element.
    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    enum Step {
        /// Namespace of the code page, name.
        Known(String, String),
        /// Namespace, name.
        Other(String, String),
        /// Code page, token.
        Token(u8, u8),
        /// Namespace, name, value.
        Attribute(String, String, String),
        Text(String),
        Opaque(Vec<u8>),
        End,
    }

    impl Step {
        fn of(node: &Node<'static>) -> Option<Self> {
            Some(match node {
                Node::Start(Name::Known(tag)) => Self::Known(tag.page().namespace().into(), tag.name().into()),
                Node::Start(Name::Other { namespace, local }) => {
                    Self::Other(namespace.as_str().into(), local.as_str().into())
                }
                Node::Start(Name::Token { page, token }) => Self::Token(*page, *token),
                Node::Attribute(Attribute { namespace, name, value }) => {
                    Self::Attribute(namespace.as_str().into(), name.as_str().into(), value.as_str().into())
                }
                Node::Text(text) => Self::Text(text.as_str().into()),
                Node::Opaque(bytes) => Self::Opaque(bytes.to_vec()),
                Node::End => Self::End,
                _ => return None,
            })
        }

        fn node(self) -> Option<Node<'static>> {
            Some(match self {
                Self::Known(namespace, name) => {
                    let pages = [Page::SyncMl, Page::MetInf, Page::DmDdf, Page::DevInf];
                    let page = pages.into_iter().find(|page| page.namespace() == namespace)?;
                    Node::Start(Name::Known(Tag::by_name(page, &name)?))
                }
                Self::Other(namespace, local) => {
                    Node::Start(Name::Other { namespace: namespace.into(), local: local.into() })
                }
                Self::Token(page, token) => Node::Start(Name::Token { page, token }),
                Self::Attribute(namespace, name, value) => {
                    Node::Attribute(Attribute { namespace: namespace.into(), name: name.into(), value: value.into() })
                }
                Self::Text(text) => Node::Text(text.into()),
                Self::Opaque(bytes) => Node::Opaque(bytes.into()),
                Self::End => Node::End,
            })
        }
    }

    /// Options as they are, also those that do not travel (a time of zero).
    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Options {
        min_display: Option<Duration>,
        max_display: Option<Duration>,
        default_response: Option<String>,
        max_len: Option<u32>,
        input_type: String,
        echo: String,
    }

    impl Options {
        fn of(options: &UiOptions<'static>) -> Self {
            Self {
                min_display: options.min_display,
                max_display: options.max_display,
                default_response: options.default_response.as_ref().map(|text| text.as_str().into()),
                max_len: options.max_len,
                input_type: options.input_type.letter().into(),
                echo: options.echo.letter().into(),
            }
        }

        fn options(self) -> Option<UiOptions<'static>> {
            let mut options = UiOptions::new();
            options.min_display = self.min_display;
            options.max_display = self.max_display;
            options.default_response = self.default_response.map(dm_syncml::Str::from);
            options.max_len = self.max_len;
            options.input_type = *InputType::ALL.iter().find(|it| it.letter() == self.input_type)?;
            options.echo = *Echo::ALL.iter().find(|it| it.letter() == self.echo)?;
            Some(options)
        }
    }
}
