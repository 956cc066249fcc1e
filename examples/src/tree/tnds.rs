//! The tree as a TNDS document.

use dm_session::tree::dm1::{Command, Data, Principal, Request, TndsObject, run as apply};
use dm_session::tree::{MoTree, NodeRef};
use dm_syncml::Limits;

use super::command::{refusal, unavailable};
use crate::cli::TreeArgs;
use crate::failure::Failure;
use crate::output::print;

/// The document comes from the tree: what bounds it are the tree's limits.
const LIMITS: Limits = Limits::DEFAULT.with_max_message_len(1 << 30).with_max_elements(1 << 24);

/// Prints what is at `uri`. No secrets unless they are asked for.
pub(super) fn run(tree: &mut MoTree, uri: &str, arguments: &TreeArgs) -> Result<(), Failure> {
    let query = if uri.contains('?') { "" } else { "?list=TNDS" };
    let principal = arguments.server.clone().map_or(Principal::Local, Principal::Server);
    let request = Request::new(principal, Command::get(format!("{uri}{query}")));
    let answer = apply(tree, &request, &mut unavailable);
    let document = answer.results.first().and_then(|item| match &item.data {
        Data::Text(text) => Some(text),
        _ => None,
    });
    let Some(document) = document.filter(|_| answer.status.is_success()) else {
        return Err(refusal(answer.status));
    };
    let document = if arguments.secrets { document.clone() } else { without_secrets(tree, uri, document)? };
    Ok(print(&(document + "\n"))?)
}

/// The document without the nodes that no server may read. It is what `uri` holds, whose name is left out of it.
pub(super) fn without_secrets(tree: &MoTree, uri: &str, document: &str) -> anyhow::Result<String> {
    let path = uri.split('?').next().unwrap_or_default();
    let mut object = TndsObject::parse(document.as_bytes(), &LIMITS)?;
    // Where each Node stands in the tree, and what number it has if it stays.
    let mut places: Vec<(Option<NodeRef<'_>>, usize)> = Vec::with_capacity(object.nodes.len());
    let mut kept = 0;
    for node in &object.nodes {
        let place = match node.parent {
            None => tree.node_at(path),
            Some(parent) => places.get(parent).and_then(|(above, _)| (*above)?.child(node.name.as_deref()?)),
        };
        // What is not found is not shown.
        let shown = place.filter(|place| !place.is_confidential());
        places.push((shown, kept));
        kept += usize::from(shown.is_some());
    }
    let nodes = std::mem::take(&mut object.nodes).into_iter().zip(&places);
    object.nodes = nodes
        .filter(|(_, (place, _))| place.is_some())
        .map(|(mut node, _)| {
            node.parent = node.parent.and_then(|parent| places.get(parent)).map(|(_, number)| *number);
            node
        })
        .collect();
    Ok(object.to_xml()?)
}
