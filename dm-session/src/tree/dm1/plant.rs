//! What a tree has at the start that is addressed by path.

use super::super::definition::{MoDefinition, NodeDefinition};
use super::super::error::{TreeError, TreeErrorKind};
use super::{Acl, Config, standard};
use alloc::vec::Vec;

/// The description of everything below the root, the root included, and what it puts into the built-in MOs.
pub(crate) fn frame(config: &Config) -> Result<(NodeDefinition, Vec<MoDefinition>), TreeError> {
    let mut root = standard::frame(config);
    let mut mos = standard::definitions();
    for (path, node) in &config.nodes {
        let refused = |()| TreeErrorKind::InvalidDefinition.at(path);
        if let Some((moid, rest, node)) = root.mount(path, node.clone()).map_err(refused)? {
            let mo = mos.iter_mut().find(|mo| mo.moid() == &*moid).ok_or(()).map_err(refused)?;
            mo.mount(&rest, node).map_err(refused)?;
        }
    }
    Ok((root, mos))
}

/// The access control list of the root; none for Windows, which has none at all.
pub(crate) fn root_acl(config: &Config) -> Result<Option<Acl>, TreeError> {
    if config.windows {
        return Ok(None);
    }
    Acl::parse(&config.root_acl).map(Some).map_err(|_| TreeErrorKind::Malformed.at("root_acl"))
}
