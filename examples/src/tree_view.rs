//! A management tree as it was at some moment, to be shown and compared. Secrets are not in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dm_session::tree::{MoTree, Value};

use crate::input::hex;
use crate::output::json::Json;
use crate::output::style::{BAD, FAINT, GOOD, NAME, NOTE, STRONG, paint, safe, short};

/// A tree, copied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    instances: Vec<Instance>,
}

#[derive(Clone, Debug, PartialEq)]
struct Instance {
    moid: String,
    miid: String,
    /// In tree order, each node before what is below it.
    nodes: Vec<Seen>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    depth: usize,
    name: String,
    /// Names from the MO root, with slashes.
    path: String,
    /// As it is drawn.
    value: Option<String>,
    /// As machines read it.
    json: Json,
    confidential: bool,
}

/// What happened to a node.
#[derive(Clone, Copy, PartialEq)]
enum Fate<'a> {
    Same,
    Added,
    Removed,
    /// It had this value.
    Changed(&'a Seen),
}

impl Tree {
    /// The tree as it is now.
    pub(crate) fn of(tree: &MoTree) -> Self {
        let instances = tree.instances().map(|instance| {
            let mut nodes: Vec<Seen> = Vec::new();
            // Of what is hidden only the topmost node shows.
            let mut hidden_below = usize::MAX;
            for (depth, node) in instance.root().descendants() {
                if depth > hidden_below {
                    continue;
                }
                let confidential = node.is_confidential();
                hidden_below = if confidential { depth } else { usize::MAX };
                let shown = node.value().filter(|_| !confidential);
                let value = shown.map(text_of);
                let json = shown.map_or(Json::Null, json_of);
                let (name, path) = (node.name().into(), node.path().join("/"));
                nodes.push(Seen { depth, name, path, value, json, confidential });
            }
            Instance { moid: instance.moid().into(), miid: instance.miid().into(), nodes }
        });
        Self { instances: instances.collect() }
    }

    /// The value at a path, as it is shown.
    pub(crate) fn value(&self, moid: &str, miid: &str, path: &str) -> Option<&str> {
        let instance = self.find(moid, miid)?;
        instance.nodes.iter().find(|node| node.path == path)?.value.as_deref()
    }

    /// Whether there is a node at a path.
    pub(crate) fn has(&self, moid: &str, miid: &str, path: &str) -> bool {
        self.find(moid, miid).is_some_and(|instance| instance.nodes.iter().any(|node| node.path == path))
    }

    fn find(&self, moid: &str, miid: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.moid == moid && instance.miid == miid)
    }

    /// The tree for people; with `before`, what did not change is left out.
    pub(crate) fn draw(&self, before: Option<&Self>) -> String {
        if before == Some(self) {
            return format!("    {}\n", paint(FAINT, "nothing"));
        }
        let mut text = String::new();
        let empty = Self { instances: Vec::new() };
        for (instance, fates) in self.compared(before.unwrap_or(&empty)) {
            let all_same = fates.iter().all(|(_, fate)| *fate == Fate::Same);
            let address = format!("{}/{}/", safe(&instance.moid), safe(&instance.miid));
            match before {
                Some(_) if all_same => {
                    let _ = writeln!(text, "    {address}  {}", paint(FAINT, "unchanged"));
                }
                _ => {
                    let _ = writeln!(text, "    {}", paint(STRONG, address));
                    for (node, fate) in shown(&fates, before.is_some()) {
                        text += &node.draw(if before.is_some() { fate } else { Fate::Same });
                    }
                }
            }
        }
        text
    }

    pub(crate) fn to_json(&self) -> Json {
        let instances = self.instances.iter().map(|instance| {
            let nodes = instance.nodes.iter().map(|node| {
                Json::object()
                    .with("path", node.path.as_str())
                    .with("value", node.json.clone())
                    .with("confidential", node.confidential)
            });
            Json::object()
                .with("moid", instance.moid.as_str())
                .with("miid", instance.miid.as_str())
                .with("nodes", nodes.collect::<Json>())
        });
        instances.collect()
    }

    pub(crate) fn changes_json(&self, before: &Self) -> Json {
        let mut changes = Vec::new();
        for (instance, fates) in self.compared(before) {
            for (node, fate) in fates {
                let (change, old) = match fate {
                    Fate::Same => continue,
                    Fate::Added => ("added", None),
                    Fate::Removed => ("removed", Some(node.json.clone())),
                    Fate::Changed(old) => ("changed", Some(old.json.clone())),
                };
                let now = (fate != Fate::Removed).then(|| node.json.clone());
                changes.push(
                    Json::object()
                        .with("change", change)
                        .with("client_uri", format!("{}/{}/{}", instance.moid, instance.miid, node.path))
                        .with("before", old)
                        .with("after", now),
                );
            }
        }
        Json::List(changes)
    }

    /// All nodes of both trees with what happened to them, by instance: those of this tree, then those
    /// that are gone.
    fn compared<'t>(&'t self, before: &'t Self) -> Vec<(&'t Instance, Vec<(&'t Seen, Fate<'t>)>)> {
        let mut all = Vec::new();
        for instance in &self.instances {
            let old = before.find(&instance.moid, &instance.miid);
            all.push((instance, instance.compared(old)));
        }
        for old in &before.instances {
            if self.find(&old.moid, &old.miid).is_none() {
                all.push((old, old.nodes.iter().map(|node| (node, Fate::Removed)).collect()));
            }
        }
        all
    }
}

impl Instance {
    fn compared<'t>(&'t self, before: Option<&'t Self>) -> Vec<(&'t Seen, Fate<'t>)> {
        let old: BTreeMap<&str, &Seen> =
            before.into_iter().flat_map(|before| &before.nodes).map(|node| (node.path.as_str(), node)).collect();
        let is_here = |path: &str| self.nodes.iter().any(|node| node.path == path);
        let mut all: Vec<(&Seen, Fate<'_>)> = self
            .nodes
            .iter()
            .map(|node| {
                let fate = match old.get(node.path.as_str()) {
                    None => Fate::Added,
                    Some(old) if old.value == node.value => Fate::Same,
                    Some(old) => Fate::Changed(old),
                };
                (node, fate)
            })
            .collect();
        // What is gone stands where it stood: after the last node that is below the same parent.
        for gone in before.into_iter().flat_map(|before| &before.nodes).filter(|node| !is_here(&node.path)) {
            let parent = gone.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let inside = |path: &str| path == parent || parent.is_empty() || path.starts_with(&format!("{parent}/"));
            let place = all.iter().rposition(|(node, _)| inside(&node.path)).map_or(all.len(), |last| last + 1);
            all.insert(place, (gone, Fate::Removed));
        }
        all
    }
}

/// A value as people read it, on one line.
pub(crate) fn text_of(value: &Value) -> String {
    match (value.as_str(), value.as_bytes()) {
        (Some(text), _) => format!("\"{}\"", short(text, 60)),
        (None, Some(bytes)) => short(&format!("0x{}", hex(bytes)), 60),
        (None, None) => short(&value.text(), 60),
    }
}

/// A value in its JSON type; bytes in base64.
pub(crate) fn json_of(value: &Value) -> Json {
    match value {
        Value::Int(number) => Json::from(&dm_package::Json::int(*number)),
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Null => Json::Null,
        other => Json::Text(other.text().into_owned()),
    }
}

/// With `only_changes`, the changed nodes and what is above them.
fn shown<'t>(fates: &[(&'t Seen, Fate<'t>)], only_changes: bool) -> Vec<(&'t Seen, Fate<'t>)> {
    let below_changes = |path: &str| {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        fates.iter().any(|(node, fate)| *fate != Fate::Same && node.path.starts_with(&prefix))
    };
    fates
        .iter()
        .filter(|(node, fate)| !only_changes || *fate != Fate::Same || below_changes(&node.path))
        .copied()
        .collect()
}

impl Seen {
    fn draw(&self, fate: Fate<'_>) -> String {
        let (mark, style) = match fate {
            Fate::Same => (' ', NAME),
            Fate::Added => ('+', GOOD),
            Fate::Removed => ('-', BAD),
            Fate::Changed(_) => ('~', NOTE),
        };
        let indent = self.depth * 2;
        let name = safe(&self.name);
        let width = 24_usize.saturating_sub(indent + name.chars().count());
        let mut line = format!("  {}   {:indent$}{}", paint(style, mark), "", paint(style, name));
        let value = match (&self.value, self.confidential) {
            (Some(value), _) => value.clone(),
            (None, true) => paint(FAINT, "hidden"),
            (None, false) => String::new(),
        };
        if !value.is_empty() {
            let _ = write!(line, "{:width$}  {value}", "");
        }
        if let Fate::Changed(old) = fate {
            let _ = write!(line, "  {}", paint(FAINT, format!("was {}", old.value.as_deref().unwrap_or("empty"))));
        }
        line + "\n"
    }
}
