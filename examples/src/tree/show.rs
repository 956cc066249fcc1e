//! The whole tree, for people and for machines.

use std::collections::BTreeMap;
use std::path::Path;

use anstyle::Style;
use dm_session::tree::{Format, InstanceRef, MoTree, NodeRef};

use super::DOTS;
use crate::output::json::Json;
use crate::output::outline::{self, Item};
use crate::output::style::{FAINT, STRONG, paint, safe, short};
use crate::output::time;
use crate::tree_view::{json_of, text_of};

/// The media type of a leaf that has no other.
const TEXT: &str = "text/plain";

/// The instances by the address of their root.
type Instances<'t> = BTreeMap<String, InstanceRef<'t>>;

fn instances(tree: &MoTree) -> Instances<'_> {
    tree.instances().map(|instance| (instance.root().uri(), instance)).collect()
}

/// The tree as a person reads it.
pub(super) fn to_text(tree: &MoTree, file: &Path, secrets: bool) -> String {
    let instances = instances(tree);
    let mut text = String::new();
    let mut count = 0_usize;
    if let Some(root) = tree.node_at(".") {
        let items = [item(root, ".", &instances, secrets, &mut count)];
        text += &section("By path", &items);
    }
    let detached = tree.instances().filter(|instance| instance.root().loc_uri().is_none());
    let items: Vec<Item> = detached
        .map(|instance| {
            let address = format!("{}/{}/", instance.moid(), instance.miid());
            let below = item(instance.root(), instance.root().name(), &Instances::new(), secrets, &mut count);
            let named = Item::new(address).with_all([below]);
            if instance.grants().next().is_some() { named.remark(rights(&instance)) } else { named }
        })
        .collect();
    text += &section("By DM 2.0 alone", &items);
    let items: Vec<Item> =
        tree.defaults().map(|(moid, server, uri)| Item::new(moid).value(uri).remark(server)).collect();
    text += &section("Default URIs", &items);
    let items: Vec<Item> =
        tree.subscriptions().map(|(server, uri, to)| Item::new(uri).value(to).remark(server)).collect();
    text += &section("Subscriptions", &items);
    let size = if count == 1 { "1 node".into() } else { format!("{count} nodes") };
    format!("{}  {}\n{text}", paint(STRONG, safe(&file.display().to_string())), paint(FAINT, size))
}

fn section(title: &str, items: &[Item]) -> String {
    if items.is_empty() { String::new() } else { format!("{title}\n{}", outline::draw(items, 0)) }
}

/// A node with everything below it. The tree's limits bound the depth.
fn item(node: NodeRef<'_>, name: &str, instances: &Instances<'_>, secrets: bool, count: &mut usize) -> Item {
    *count += 1;
    let mut remarks = Vec::new();
    let mut this = Item::new(name);
    if node.is_interior() {
        let instance = node.moid().and_then(|_| instances.get(&node.uri()));
        if let Some(moid) = node.moid().filter(|_| instance.is_some()) {
            this = this.value(moid);
        }
        if let Some(instance) = instance {
            remarks.push(format!("instance {}", safe(instance.miid())));
            remarks.extend(instance.grants().next().is_some().then(|| rights(instance)));
        }
    } else {
        this = match node.value() {
            None => this.styled("no value", FAINT),
            Some(_) if node.is_confidential() && !secrets => this.styled(DOTS, FAINT),
            Some(value) => this.styled(text_of(value), Style::new()),
        };
        remarks.push(node.format().as_str().into());
        remarks.extend(node.media_type().filter(|kind| *kind != TEXT).map(safe));
    }
    remarks.extend(node.title().map(|title| format!("“{}”", short(title, 60))));
    remarks.extend(node.acl().map(|acl| format!("ACL {}", safe(acl.as_str()))));
    let below: Vec<Item> =
        node.children_in_order().map(|child| item(child, child.name(), instances, secrets, count)).collect();
    this.remark(remarks.join(", ")).with_all(below)
}

fn rights(instance: &InstanceRef<'_>) -> String {
    let each: Vec<String> = instance.grants().map(|(server, rights)| format!("{} {rights}", safe(server))).collect();
    format!("rights {}", each.join(", "))
}

/// Everything.
pub(super) fn to_json(tree: &MoTree, secrets: bool) -> Json {
    let nodes = tree.node_at(".").map_or(Json::Null, |root| nodes_json(root, secrets));
    let instances = tree.instances().map(|instance| {
        let grants = instance.grants().map(|(server, rights)| (server.into(), Json::Text(rights.to_string())));
        let place = instance.root().loc_uri();
        let nodes = place.is_none().then(|| nodes_json(instance.root(), secrets));
        Json::object()
            .with("moid", instance.moid())
            .with("miid", instance.miid())
            .with("uri", place)
            .with("cacheable", instance.validator().is_some())
            .with("rights", Json::Object(grants.collect()))
            .with("nodes", nodes)
    });
    let defaults = tree
        .defaults()
        .map(|(moid, server, uri)| Json::object().with("moid", moid).with("server", server).with("uri", uri));
    let subscriptions = tree.subscriptions().map(|(server, uri, report_to)| {
        Json::object().with("server", server).with("client_uri", uri).with("report_to", report_to)
    });
    Json::object()
        .with("nodes", nodes)
        .with("instances", instances.collect::<Json>())
        .with("defaults", defaults.collect::<Json>())
        .with("subscriptions", subscriptions.collect::<Json>())
}

/// The node and everything below it, each before its children, these in their order.
fn nodes_json(start: NodeRef<'_>, secrets: bool) -> Json {
    let mut nodes = Vec::new();
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        nodes.push(node_json(&node, secrets));
        let children: Vec<NodeRef<'_>> = node.children_in_order().collect();
        open.extend(children.into_iter().rev());
    }
    Json::List(nodes)
}

fn node_json(node: &NodeRef<'_>, secrets: bool) -> Json {
    let confidential = node.is_confidential();
    let hidden = confidential && !secrets;
    let client_uri = Some(node.uri()).filter(|uri| !uri.is_empty());
    let tstamp = node.tstamp().and_then(|time| time::utc(time.as_secs()));
    let text = node.text().filter(|_| !hidden).map(|text| text.into_owned());
    Json::object()
        .with("uri", node.loc_uri())
        .with("client_uri", client_uri)
        .with("name", node.name())
        .with("format", node.format().as_str())
        .with("type", if node.format() == Format::Node { node.moid() } else { node.media_type() })
        .with("value", node.value().filter(|_| !hidden).map(json_of))
        .with("text", text)
        .with("has_value", node.value().is_some())
        .with("confidential", confidential)
        .with("access", node.access().to_string())
        .with("acl", node.acl().map(|acl| acl.as_str()))
        .with("title", node.title())
        .with("verno", node.verno())
        .with("tstamp", tstamp)
}
