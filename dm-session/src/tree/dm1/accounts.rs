//! What an account takes with it when it goes (§5.8 of the tree reference).

use super::super::arena::NodeId;
use super::super::change::{Author, Change};
use super::super::error::{TreeError, TreeErrorKind};
use super::super::mo_tree::MoTree;
use super::super::value::Value;
use super::acl::{Acl, AclCommand, AclRemoval};
use super::engine::{Run, Stop, config};
use super::operation::{Command, Principal, Request};
use super::standard::{DM_ACC_1_0, canonical_mo};
use alloc::vec::Vec;

/// The leaf of an account that names the server.
pub(super) const SERVER_ID: &str = "ServerID";

/// Whether an MO identifier is that of accounts.
pub(super) fn is_account(moid: &str) -> bool {
    canonical_mo(moid) == DM_ACC_1_0
}

/// The roots of the accounts of a server.
pub(super) fn accounts_of(tree: &MoTree, server_id: &str) -> Vec<NodeId> {
    let mos = tree.by_moid.iter().filter(|(moid, _)| is_account(moid)).filter_map(|(_, number)| tree.mos.get(*number));
    let roots = mos.flat_map(|mo| &mo.by_age).filter_map(|id| tree.instances.get(id)).map(|instance| instance.root);
    let of_server = |root: &NodeId| {
        let leaf = tree.arena.child(*root, SERVER_ID).and_then(|leaf| tree.arena.get(leaf));
        leaf.and_then(|leaf| leaf.value()).and_then(Value::as_str) == Some(server_id)
    };
    roots.filter(of_server).collect()
}

impl Run<'_> {
    /// Takes servers that have no account any more out of all ACLs, in the same change.
    pub(super) fn drop_lost_servers(&mut self, change: &mut Change<'_>) -> Result<(), Stop> {
        for server in core::mem::take(&mut self.lost) {
            if accounts_of(change.tree, &server).is_empty() {
                forget_server(change, &server)?;
            }
        }
        Ok(())
    }
}

/// Takes a server out of all ACLs.
fn forget_server(change: &mut Change<'_>, server_id: &str) -> Result<(), Stop> {
    if config(change.tree)?.windows {
        return Ok(());
    }
    let default = Acl::parse(&config(change.tree)?.root_acl)?;
    let root = change.tree.root();
    let mut left = Vec::new();
    for id in &change.tree.acls {
        let Some(acl) = change.tree.arena.get(*id).and_then(|node| node.acl()) else { continue };
        if Some(*id) == root {
            let Some(mut rest) = acl.without_at_root(server_id, &default) else { continue };
            // Without these two no server could do anything any more.
            for command in [AclCommand::Add, AclCommand::Get] {
                if acl.has(command) && !rest.has(command) {
                    rest = rest.with_wildcard(command);
                }
            }
            left.push((*id, Some(rest)));
            continue;
        }
        match acl.without(server_id) {
            AclRemoval::Unchanged => {}
            AclRemoval::Changed(acl) => left.push((*id, Some(acl))),
            AclRemoval::Emptied => left.push((*id, None)),
        }
    }
    for (id, acl) in left {
        change.set_acl(id, acl)?;
    }
    Ok(())
}

impl MoTree {
    /// Removes the DM 1.x account of a server, and the server from all access control lists, as one change. Where the
    /// root's list would have no server left for a command, it gets back the one that it had at first.
    ///
    /// # Errors
    ///
    /// [`TreeErrorKind::NotFound`] without such an account, [`TreeErrorKind::Busy`] while a transaction is open.
    pub fn remove_dm1_account(&mut self, server_id: &str) -> Result<(), TreeError> {
        if self.transaction.is_some() {
            return Err(TreeErrorKind::Busy.into());
        }
        let accounts = accounts_of(self, server_id);
        if accounts.is_empty() || self.root().is_none() {
            return Err(TreeErrorKind::NotFound.at(server_id));
        }
        let request = Request::new(Principal::Local, Command::Commit);
        let mut run = Run::new(&request, false);
        self.change_with(Author::Path, |change| {
            for account in accounts {
                let survey = run.survey(change.tree, account);
                run.remove(change, account, survey);
            }
            run.drop_lost_servers(change).map_err(|_| TreeErrorKind::NotFound.at(server_id))
        })
    }
}
