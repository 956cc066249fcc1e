//! What the codec is measured against.
//!
//! | peer | what it does | what it leaves out |
//! | --- | --- | --- |
//! | [`quick_xml_raw`] | reads events and drops them | builds nothing; checks neither characters, references, attributes, names nor namespaces; takes a cut-off document and two roots |
//! | [`roxmltree()`] | builds a generic tree | knows no SyncML: neither types, limits, deviations nor an order |
//! | [`serde_model::parse`] | builds typed values | the same gaps as quick-xml, no limits, no offsets, no unknown elements, no mark-up in Data |
//! | [`Steps`] | writes events made of names and texts | checks nothing: order, ids and characters are the caller's |
//!
//! No peer reads or writes WBXML: there they stand for the same document as XML.

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

/// The events of a document, counted.
///
/// # Errors
/// Whatever quick-xml says.
pub fn quick_xml_raw(xml: &[u8]) -> Result<usize, quick_xml::Error> {
    let mut reader = Reader::from_reader(xml);
    let mut events = 0;
    while reader.read_event()? != Event::Eof {
        events += 1;
    }
    Ok(events)
}

/// The nodes of the tree of a document, counted. The tree takes text only: bytes are checked first.
///
/// # Errors
/// Whatever roxmltree says.
pub fn roxmltree(xml: &[u8]) -> Result<usize, roxmltree::Error> {
    let text = core::str::from_utf8(xml).unwrap_or_default();
    roxmltree::Document::parse(text).map(|document| document.root().children().count())
}

/// A document as the calls that write it: names, attributes and unescaped texts, without the space for indentation.
#[derive(Debug)]
pub struct Steps(Vec<Step>);

#[derive(Debug)]
enum Step {
    Start(String, Vec<(String, String)>),
    Empty(String),
    Text(String),
    End(String),
}

impl Steps {
    /// The steps of a document.
    ///
    /// # Panics
    /// When the document is not well-formed.
    #[must_use]
    pub fn new(xml: &str) -> Self {
        let document = ::roxmltree::Document::parse(xml).unwrap();
        let mut steps = Vec::new();
        // (node, whether it is to be closed)
        let mut open = vec![(document.root_element(), false)];
        while let Some((node, closing)) = open.pop() {
            let name = node.tag_name().name();
            if closing {
                steps.push(Step::End(name.into()));
            } else if node.is_text() {
                let text = node.text().unwrap_or_default();
                if !text.trim().is_empty() {
                    steps.push(Step::Text(text.into()));
                }
            } else if node.is_element() && !node.has_children() {
                steps.push(Step::Empty(name.into()));
            } else if node.is_element() {
                let inherited = node.parent().and_then(|parent| parent.tag_name().namespace());
                let namespace = node.tag_name().namespace().filter(|own| Some(*own) != inherited);
                steps.push(Step::Start(
                    name.into(),
                    namespace.map(|uri| ("xmlns".into(), uri.into())).into_iter().collect(),
                ));
                open.push((node, true));
                open.extend(node.children().rev().map(|child| (child, false)));
            }
        }
        Self(steps)
    }

    /// Appends the document.
    ///
    /// # Panics
    /// Never: a `Vec` takes everything.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).unwrap();
        for step in &self.0 {
            let event = match step {
                Step::Start(name, attributes) => {
                    let mut start = BytesStart::new(name.as_str());
                    for (key, value) in attributes {
                        start.push_attribute((key.as_str(), value.as_str()));
                    }
                    Event::Start(start)
                }
                Step::Empty(name) => Event::Empty(BytesStart::new(name.as_str())),
                Step::Text(text) => Event::Text(BytesText::new(text)),
                Step::End(name) => Event::End(BytesEnd::new(name.as_str())),
            };
            writer.write_event(event).unwrap();
        }
    }
}

/// The part of SyncML that the benches' documents use, as a program would derive it.
pub mod serde_model {
    use serde::Deserialize;

    /// A message.
    ///
    /// # Errors
    /// Whatever quick-xml says.
    pub fn parse(xml: &[u8]) -> Result<SyncMl, quick_xml::DeError> {
        quick_xml::de::from_reader(xml)
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct SyncMl {
        pub sync_hdr: SyncHdr,
        pub sync_body: SyncBody,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct SyncHdr {
        #[serde(rename = "VerDTD")]
        pub ver_dtd: String,
        pub ver_proto: String,
        #[serde(rename = "SessionID")]
        pub session_id: String,
        #[serde(rename = "MsgID")]
        pub msg_id: String,
        pub target: Location,
        pub source: Location,
        #[serde(rename = "RespURI")]
        pub resp_uri: Option<String>,
        pub cred: Option<Cred>,
        pub meta: Option<Meta>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Location {
        #[serde(rename = "LocURI")]
        pub uri: String,
        #[serde(rename = "LocName")]
        pub name: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Cred {
        pub meta: Option<Meta>,
        pub data: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Meta {
        pub format: Option<String>,
        pub r#type: Option<String>,
        pub mark: Option<String>,
        pub size: Option<String>,
        pub next_nonce: Option<String>,
        pub max_msg_size: Option<String>,
        pub max_obj_size: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    pub struct SyncBody {
        #[serde(rename = "$value", default)]
        pub children: Vec<Child>,
    }

    #[derive(Debug, Deserialize)]
    pub enum Child {
        Add(Operation),
        Alert(Alert),
        Atomic(Container),
        Copy(Operation),
        Delete(Operation),
        Exec(Operation),
        Get(Operation),
        Replace(Operation),
        Results(Results),
        Sequence(Container),
        Status(Status),
        CmdID(String),
        Final,
    }

    #[derive(Debug, Deserialize)]
    pub struct Container {
        #[serde(rename = "$value", default)]
        pub children: Vec<Child>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Operation {
        #[serde(rename = "CmdID")]
        pub cmd_id: Option<String>,
        pub meta: Option<Meta>,
        pub correlator: Option<String>,
        #[serde(rename = "Item", default)]
        pub items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Alert {
        #[serde(rename = "CmdID")]
        pub cmd_id: Option<String>,
        pub data: Option<String>,
        pub correlator: Option<String>,
        #[serde(rename = "Item", default)]
        pub items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Results {
        #[serde(rename = "CmdID")]
        pub cmd_id: Option<String>,
        pub msg_ref: Option<String>,
        pub cmd_ref: Option<String>,
        pub meta: Option<Meta>,
        pub target_ref: Option<String>,
        pub source_ref: Option<String>,
        #[serde(rename = "Item", default)]
        pub items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Status {
        #[serde(rename = "CmdID")]
        pub cmd_id: Option<String>,
        pub msg_ref: Option<String>,
        pub cmd_ref: Option<String>,
        pub cmd: Option<String>,
        #[serde(rename = "TargetRef", default)]
        pub target_refs: Vec<String>,
        #[serde(rename = "SourceRef", default)]
        pub source_refs: Vec<String>,
        pub chal: Option<Chal>,
        pub data: Option<String>,
        #[serde(rename = "Item", default)]
        pub items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Chal {
        pub meta: Option<Meta>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Item {
        pub target: Option<Location>,
        pub source: Option<Location>,
        pub meta: Option<Meta>,
        pub data: Option<String>,
        pub more_data: Option<()>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{P1_XML, SRV_PRETTY_XML, SRV_XML, base64_1mb, smallest};

    #[test]
    fn peers_read_and_write_the_documents() {
        for xml in [P1_XML, SRV_XML, SRV_PRETTY_XML, &base64_1mb(), &smallest()] {
            assert!(quick_xml_raw(xml.as_bytes()).unwrap() > 20);
            assert_eq!(roxmltree(xml.as_bytes()).unwrap(), 1);
            let message = serde_model::parse(xml.as_bytes()).unwrap();
            assert!(matches!(message.sync_body.children.last(), Some(serde_model::Child::Final)));
            let mut out = Vec::new();
            Steps::new(xml).write(&mut out);
            let again = serde_model::parse(&out).unwrap();
            assert!(format!("{message:?}") == format!("{again:?}"));
        }
        // What is on one line comes out as it was, byte for byte.
        let mut out = Vec::new();
        Steps::new(SRV_XML).write(&mut out);
        assert!(out == SRV_XML.as_bytes());
    }
}
