//! What an account takes with it when it goes (§5.8 of the tree reference).

use super::super::arena::{Node, NodeId};
use super::super::change::{Author, Change};
use super::super::definition::Schema;
use super::super::error::{TreeError, TreeErrorKind};
use super::super::mo_tree::MoTree;
use super::super::value::Value;
use super::acl::{Acl, AclCommand, AclRemoval};
use super::engine::{Run, Stop};
use super::operation::{Command, Principal, Request};
use super::standard::{DM_ACC_1_0, canonical_mo};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use dm_syncml::StatusCode;

/// The leaf of an account that names the server.
pub(super) const SERVER_ID: &str = "ServerID";

/// Whether an MO identifier is that of accounts.
pub(super) fn is_account(moid: &str) -> bool {
    canonical_mo(moid) == DM_ACC_1_0
}

/// Whether a node is the root of an account: one that stands where the description of the tree has accounts
/// (`./DMAcc/<x>`). An MO of that Type elsewhere is a matter of whoever put it there.
fn is_account_root(tree: &MoTree, found: &Node) -> bool {
    let (Some(above), Some(root)) =
        (found.parent.and_then(|id| tree.arena.get(id)), tree.root().and_then(|id| tree.arena.get(id)))
    else {
        return false;
    };
    if above.mo != root.mo {
        return false;
    }
    let Some(Schema::Defined(index)) = tree.child_schema(above, &found.name, true) else { return false };
    let frame = tree.mos.get(above.mo).and_then(|mo| mo.definition.as_ref());
    frame.and_then(|frame| frame.entry(index)?.moid()).is_some_and(is_account)
}

/// The server that an account is for, if the node is the root of one. The node may be out of the tree already.
pub(crate) fn server_of_account(tree: &MoTree, root: NodeId) -> Option<String> {
    tree.arena.get(root).filter(|found| is_account_root(tree, found))?;
    let leaf = tree.arena.child(root, SERVER_ID)?;
    tree.arena.get(leaf)?.value().and_then(Value::as_str).map(String::from)
}

/// The server that an account is for, if the node is the leaf that says so.
pub(super) fn account_of(tree: &MoTree, found: &Node) -> Option<String> {
    let above = tree.arena.get(found.parent?)?;
    let named = if above.fold { found.name.eq_ignore_ascii_case(SERVER_ID) } else { &*found.name == SERVER_ID };
    if !named || !is_account_root(tree, above) {
        return None;
    }
    found.value().and_then(Value::as_str).map(String::from)
}

/// The roots of all accounts and the servers that they are for.
fn accounts(tree: &MoTree) -> impl Iterator<Item = (NodeId, String)> {
    let mos = tree.by_moid.iter().filter(|(moid, _)| is_account(moid)).filter_map(|(_, number)| tree.mos.get(*number));
    let roots = mos.flat_map(|mo| &mo.by_age).filter_map(|id| tree.instances.get(id)).map(|instance| instance.root);
    roots.filter_map(|root| Some((root, server_of_account(tree, root)?)))
}

/// The roots of the accounts of a server.
pub(super) fn accounts_of(tree: &MoTree, server_id: &str) -> Vec<NodeId> {
    accounts(tree).filter(|(_, server)| server == server_id).map(|(root, _)| root).collect()
}

impl Run<'_> {
    /// Takes note of the server that an account is for, if the leaf says so.
    pub(super) fn name_account(&mut self, tree: &MoTree, id: NodeId) {
        self.named.extend(tree.arena.get(id).and_then(|found| account_of(tree, found)));
    }

    /// Refuses a second account of a server which another server made or changed: it would be a way to become that one.
    pub(super) fn check_identity(&mut self, tree: &MoTree) -> Result<(), Stop> {
        let mut named = core::mem::take(&mut self.named);
        let Some(author) = self.request.principal.server_id() else { return Ok(()) };
        named.remove(author);
        if named.is_empty() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        for (_, server) in accounts(tree).filter(|(_, server)| named.contains(server)) {
            if !seen.insert(server) {
                return Err(StatusCode::ALREADY_EXISTS.into());
            }
        }
        Ok(())
    }

    /// Takes servers that have no account any more out of all ACLs, in the same change.
    pub(super) fn drop_lost_servers(&mut self, change: &mut Change<'_>) -> Result<(), Stop> {
        Ok(forget_lost(change, core::mem::take(&mut self.lost))?)
    }
}

/// Takes those of the servers that have no account any more out of all ACLs.
pub(crate) fn forget_lost(change: &mut Change<'_>, mut servers: BTreeSet<String>) -> Result<(), TreeErrorKind> {
    let tree = &*change.tree;
    let Some(config) = tree.dm1().filter(|config| !config.windows) else { return Ok(()) };
    if servers.is_empty() {
        return Ok(());
    }
    for (_, server) in accounts(tree) {
        servers.remove(&server);
    }
    if servers.is_empty() {
        return Ok(());
    }
    let gone = |id: &str| servers.contains(id);
    let default = Acl::parse(&config.root_acl).map_err(|_| TreeErrorKind::Malformed)?;
    let root = tree.root();
    let mut left = Vec::new();
    for id in &tree.acls {
        let Some(acl) = tree.arena.get(*id).and_then(|node| node.acl()) else { continue };
        let rest = if Some(*id) == root {
            let Some(mut rest) = acl.without_all_at_root(&gone, &default) else { continue };
            // Without these two no server could do anything any more.
            for command in [AclCommand::Add, AclCommand::Get] {
                if acl.has(command) && !rest.has(command) {
                    rest = rest.with_wildcard(command);
                }
            }
            Some(rest)
        } else {
            match acl.without_all(&gone) {
                AclRemoval::Unchanged => continue,
                AclRemoval::Changed(acl) => Some(acl),
                AclRemoval::Emptied => None,
            }
        };
        // What is out of the tree keeps its list: it may come back as it was.
        if tree.is_attached(*id) {
            left.push((*id, rest));
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
