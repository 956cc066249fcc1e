//! Subscriptions: which changes concern which of them.

use super::arena::NodeId;
use super::error::TreeErrorKind;
use super::mo_tree::{Instance, MoTree};
use super::names;
use super::rights::Rights;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use dm_package::{ClientUri, Component};

/// Server identifier and exact text of the ClientURI.
pub(crate) type Key = (String, String);
pub(crate) type Subscriptions = BTreeMap<Key, Subscription>;
/// Ended subscriptions whose end was not yet told, with the URI for the report.
pub(crate) type Ended = BTreeMap<Key, String>;

#[derive(Clone)]
pub(crate) struct Subscription {
    pub(crate) server_uri: String,
    pub(crate) changed: bool,
    pub(crate) pattern: Pattern,
}

/// A change that a subscription asks to be told (`OMA-TS-DM_Protocol-V2_0 §5.3`, SUB).
///
/// The report is an HTTP PUT of the data at `uri`, read anew on behalf of the server, to
/// `server_uri`; of an empty array when `removed`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionChange {
    /// Whose subscription it is.
    pub server_id: String,
    /// The text of the ClientURI, as it was given.
    pub uri: String,
    /// Where to report.
    pub server_uri: String,
    /// Whether the MO instance has gone, and the subscription with it.
    pub removed: bool,
}

/// What of a ClientURI can be judged without the tree: names, with wildcards and x-names as gaps.
#[derive(Clone)]
pub(crate) struct Pattern {
    pub(crate) moid: String,
    instance: Part,
    /// The path to the target, and the paths whose values choose it.
    paths: Vec<Vec<Part>>,
}

#[derive(Clone, PartialEq)]
enum Part {
    Any,
    Name(Box<str>),
}

impl From<&Component<'_>> for Part {
    fn from(component: &Component<'_>) -> Self {
        match component {
            Component::Name(name) => Self::Name((&**name).into()),
            _ => Self::Any,
        }
    }
}

impl Part {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(own) => **own == *name,
        }
    }
}

impl Pattern {
    pub(crate) fn new(uri: &ClientUri<'_>) -> Self {
        let instance = uri.instance();
        let path: Vec<Component<'_>> = uri.path().collect();
        let mut paths = Vec::from([path.iter().map(Part::from).collect::<Vec<_>>()]);
        for condition in uri.nv() {
            let chosen = Component::XName(condition.x_name);
            let place = path.iter().position(|component| *component == chosen);
            let above = match place {
                Some(place) => path.iter().take(place.saturating_add(1)).map(Part::from).collect(),
                None if instance == chosen => Vec::new(),
                None => continue,
            };
            let names = condition.names().map(|name| Part::Name((&*name).into()));
            paths.push(above.into_iter().chain(names).collect());
        }
        Self { moid: uri.moid().to_string(), instance: Part::from(&instance), paths }
    }

    fn speaks_of(&self, moid: &str) -> bool {
        *self.moid == *moid || self.moid == names::expose(moid)
    }

    /// Whether a change at `path` of the instance can be seen at the target: the path leads to the
    /// target, starts above it, or ends below it.
    fn concerns(&self, miid: &str, path: &[&str]) -> bool {
        self.instance.matches(miid)
            && self.paths.iter().any(|pattern| pattern.iter().zip(path).all(|(part, name)| part.matches(name)))
    }
}

impl MoTree {
    /// Takes the list of subscriptions that something happened to since the last call: those that
    /// ended, then those whose data changed, each once, by server and text.
    ///
    /// Every change counts, a server's as well as one of the device's application. A subscription whose
    /// ClientURI holds x-names may be in the list although the nodes it selects did not change.
    pub fn take_changes(&mut self) -> Vec<SubscriptionChange> {
        let ended = core::mem::take(&mut self.ended);
        let mut changes: Vec<SubscriptionChange> = ended
            .into_iter()
            .map(|((server_id, uri), server_uri)| SubscriptionChange { server_id, uri, server_uri, removed: true })
            .collect();
        for ((server_id, uri), subscription) in &mut self.subscriptions {
            if core::mem::take(&mut subscription.changed) {
                changes.push(SubscriptionChange {
                    server_id: server_id.clone(),
                    uri: uri.clone(),
                    server_uri: subscription.server_uri.clone(),
                    removed: false,
                });
            }
        }
        changes
    }

    /// The subscriptions: server, ClientURI text, URI for the reports.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.subscriptions.iter().map(|((server, uri), it)| (server.as_str(), uri.as_str(), it.server_uri.as_str()))
    }

    /// Stores a subscription or puts another URI into one of the same key.
    pub(crate) fn put_subscription(
        &mut self,
        key: Key,
        server_uri: &str,
        pattern: Pattern,
    ) -> Result<(), TreeErrorKind> {
        if let Some(subscription) = self.subscriptions.get_mut(&key) {
            subscription.server_uri = server_uri.to_string();
            return Ok(());
        }
        if self.subscriptions.len().saturating_add(self.ended.len()) >= self.config.limits.subscriptions {
            return Err(TreeErrorKind::LimitExceeded);
        }
        self.subscriptions.insert(key, Subscription { server_uri: server_uri.to_string(), changed: false, pattern });
        Ok(())
    }

    /// Marks what is concerned by a change at a node of an instance, where the server may read it.
    pub(crate) fn mark_subscriptions(&mut self, instance: u64, root: NodeId, node: NodeId) {
        let Some(instance) = self.instances.get(&instance) else { return };
        let Some(mo) = self.mos.get(instance.mo) else { return };
        let mut path = None;
        let mut concerned = Vec::new();
        for (key, subscription) in &self.subscriptions {
            if subscription.changed || !subscription.pattern.speaks_of(&mo.moid) || !self.may_read(instance, &key.0) {
                continue;
            }
            let path = path.get_or_insert_with(|| self.arena.path_below(Some(root), node));
            if subscription.pattern.concerns(&instance.miid, path) {
                concerned.push(key.clone());
            }
        }
        for key in concerned {
            if let Some(subscription) = self.subscriptions.get_mut(&key) {
                subscription.changed = true;
            }
        }
    }

    /// Ends or marks what is concerned by the end of an instance, which is out of the lists by now. A
    /// server that could not read it is told nothing of its end.
    pub(crate) fn end_subscriptions(&mut self, gone: &Instance) {
        let Some(mo) = self.mos.get(gone.mo) else { return };
        let back = mo.by_miid.contains_key(&gone.miid);
        let mut ended = Vec::new();
        let mut changed = Vec::new();
        for (key, subscription) in &self.subscriptions {
            if !subscription.pattern.speaks_of(&mo.moid) || !subscription.pattern.instance.matches(&gone.miid) {
                continue;
            }
            let told = self.may_read(gone, &key.0);
            // With a wildcard or an x-name it lives on as long as there is an instance to speak of.
            let mut left = mo.by_age.iter().filter_map(|id| self.instances.get(id));
            let any = subscription.pattern.instance == Part::Any;
            if if any { !left.any(|instance| self.may_read(instance, &key.0)) } else { !back } {
                ended.push((key.clone(), told));
            } else if told {
                changed.push(key.clone());
            }
        }
        for key in changed {
            if let Some(subscription) = self.subscriptions.get_mut(&key) {
                subscription.changed = true;
            }
        }
        for (key, told) in ended {
            if let Some(subscription) = self.subscriptions.remove(&key)
                && told
            {
                self.ended.insert(key, subscription.server_uri);
            }
        }
    }

    fn may_read(&self, instance: &Instance, server_id: &str) -> bool {
        self.rights_on(instance, server_id).contains(Rights::READ)
    }
}
