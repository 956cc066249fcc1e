//! What a tree may grow to.

/// Finite limits of a tree. A server that would exceed one is answered 413; the device's application gets
/// [`TreeErrorKind::LimitExceeded`](super::TreeErrorKind::LimitExceeded).
///
/// ```
/// use dm_session::tree::TreeLimits;
///
/// let limits = TreeLimits::DEFAULT.with_nodes(512).with_value_len(4096);
/// assert_eq!(limits.nodes, 512);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeLimits {
    /// Nodes in the tree, instance roots included. Default 65 536.
    pub nodes: usize,
    /// Levels from an instance root, which is level 1, to the deepest leaf. Default 64, which is
    /// also the most: MO serializations (`OMA-TS-DM_Protocol-V2_0 §7.2.1.4`) go no deeper.
    pub depth: usize,
    /// Bytes of one value. Default 16 MiB: a leaf may take a firmware package.
    pub value_len: usize,
    /// Bytes of one name: a node's, an instance's, a server's, an MO's. Default 255.
    pub name_len: usize,
    /// Bytes of all names and values together. Default 64 MiB.
    pub total_len: usize,
    /// Bytes of MO data that one operation reads. Default 16 MiB, the most that peers are expected
    /// to take; more is answered 413.
    pub read_len: usize,
    /// MO instances. Default 1024.
    pub instances: usize,
    /// MO definitions. Default 1024.
    pub definitions: usize,
    /// Subscriptions, ended ones whose last report was not yet taken included. Default 256.
    pub subscriptions: usize,
    /// Stored default URIs, one for each MO. Default 256.
    pub defaults: usize,
    /// Servers with rights on one instance. Default 256.
    pub grants: usize,
    /// Bytes of one URI. Default 2048.
    pub uri_len: usize,
}

impl TreeLimits {
    /// The limits that apply where none are given.
    pub const DEFAULT: Self = Self {
        nodes: 65_536,
        depth: 64,
        value_len: 16 << 20,
        name_len: 255,
        total_len: 64 << 20,
        read_len: 16 << 20,
        instances: 1024,
        definitions: 1024,
        subscriptions: 256,
        defaults: 256,
        grants: 256,
        uri_len: 2048,
    };

    /// What holds of [`depth`](Self::depth).
    pub(crate) const fn levels(&self) -> usize {
        if self.depth < Self::DEFAULT.depth { self.depth } else { Self::DEFAULT.depth }
    }

    /// The same with another [`nodes`](Self::nodes).
    #[must_use]
    pub const fn with_nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// The same with another [`depth`](Self::depth).
    #[must_use]
    pub const fn with_depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// The same with another [`value_len`](Self::value_len).
    #[must_use]
    pub const fn with_value_len(mut self, value_len: usize) -> Self {
        self.value_len = value_len;
        self
    }

    /// The same with another [`name_len`](Self::name_len).
    #[must_use]
    pub const fn with_name_len(mut self, name_len: usize) -> Self {
        self.name_len = name_len;
        self
    }

    /// The same with another [`total_len`](Self::total_len).
    #[must_use]
    pub const fn with_total_len(mut self, total_len: usize) -> Self {
        self.total_len = total_len;
        self
    }

    /// The same with another [`read_len`](Self::read_len).
    #[must_use]
    pub const fn with_read_len(mut self, read_len: usize) -> Self {
        self.read_len = read_len;
        self
    }

    /// The same with another [`instances`](Self::instances).
    #[must_use]
    pub const fn with_instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }

    /// The same with another [`definitions`](Self::definitions).
    #[must_use]
    pub const fn with_definitions(mut self, definitions: usize) -> Self {
        self.definitions = definitions;
        self
    }

    /// The same with another [`subscriptions`](Self::subscriptions).
    #[must_use]
    pub const fn with_subscriptions(mut self, subscriptions: usize) -> Self {
        self.subscriptions = subscriptions;
        self
    }

    /// The same with another [`defaults`](Self::defaults).
    #[must_use]
    pub const fn with_defaults(mut self, defaults: usize) -> Self {
        self.defaults = defaults;
        self
    }

    /// The same with another [`grants`](Self::grants).
    #[must_use]
    pub const fn with_grants(mut self, grants: usize) -> Self {
        self.grants = grants;
        self
    }

    /// The same with another [`uri_len`](Self::uri_len).
    #[must_use]
    pub const fn with_uri_len(mut self, uri_len: usize) -> Self {
        self.uri_len = uri_len;
        self
    }
}

impl Default for TreeLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
