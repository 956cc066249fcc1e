//! What a tree has at the start that is addressed by path.

use super::super::definition::{MoDefinition, NodeDefinition};
use super::super::error::{TreeError, TreeErrorKind};
use super::{Acl, Config, standard};
use alloc::vec::Vec;

pub(crate) fn definitions() -> Vec<MoDefinition> {
    standard::definitions()
}

/// The description of everything below the root, the root included.
pub(crate) fn frame(config: &Config) -> Result<NodeDefinition, TreeError> {
    let mut root = standard::frame(config);
    for (path, node) in &config.nodes {
        if !root.mount(path, node.clone()) {
            return Err(TreeErrorKind::InvalidDefinition.at(path));
        }
    }
    Ok(root)
}

/// The access control list of the root; none for Windows, which has none at all.
pub(crate) fn root_acl(config: &Config) -> Result<Option<Acl>, TreeError> {
    if config.windows {
        return Ok(None);
    }
    Acl::parse(&config.root_acl).map(Some).map_err(|_| TreeErrorKind::Malformed.at("root_acl"))
}
