//! Elements outside the model: unknown ones, those of DS, TNDS and DevInf documents.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Rare, Span, Str, Tag};

/// The name of an [`Element`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Name<'a> {
    /// An element of one of the code pages.
    Known(Tag),
    /// Another name, of XML or of a LITERAL in WBXML.
    Other {
        /// The namespace; empty for none.
        namespace: Str<'a>,
        /// The name without its prefix.
        local: Str<'a>,
    },
    /// A token of WBXML that its page does not assign.
    Token {
        /// The code page.
        page: u8,
        /// Bits 0 to 5 of the tag.
        token: u8,
    },
}

impl Name<'_> {
    /// The local name; `None` for an unassigned token.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        match self {
            Self::Known(tag) => Some(tag.name()),
            Self::Other { local, .. } => Some(local),
            Self::Token { .. } => None,
        }
    }

    /// Whether it is this element of a code page.
    #[must_use]
    pub fn is(&self, tag: Tag) -> bool {
        *self == Name::Known(tag)
    }

    /// The same name, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Name<'static> {
        match self {
            Self::Known(tag) => Name::Known(tag),
            Self::Other { namespace, local } => {
                Name::Other { namespace: namespace.into_owned(), local: local.into_owned() }
            }
            Self::Token { page, token } => Name::Token { page, token },
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(tag) => f.write_str(tag.name()),
            Self::Other { local, .. } => f.write_str(local),
            Self::Token { page, token } => write!(f, "token {page:02X}:{token:02X}"),
        }
    }
}

/// An attribute: DM gives a meaning to one only, `originalerror` of [`Data`](crate::Data).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute<'a> {
    /// The namespace its prefix stands for; empty without a prefix.
    pub namespace: Str<'a>,
    /// The name as written, with its prefix.
    pub name: Str<'a>,
    /// The value, references resolved.
    pub value: Str<'a>,
}

impl Attribute<'_> {
    /// The name without its prefix.
    #[must_use]
    pub fn local(&self) -> &str {
        self.name.rsplit_once(':').map_or(self.name.as_str(), |(_, local)| local)
    }

    /// The prefix; empty without one.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.name.split_once(':').map_or("", |(prefix, _)| prefix)
    }

    /// The same attribute, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Attribute<'static> {
        Attribute {
            namespace: self.namespace.into_owned(),
            name: self.name.into_owned(),
            value: self.value.into_owned(),
        }
    }
}

/// One step through an [`Element`] in document order. It does not know what it stands in: log the element instead.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Node<'a> {
    /// An element begins.
    Start(Name<'a>),
    /// An attribute of the element that just began.
    Attribute(Attribute<'a>),
    /// Text; never empty, never next to another text.
    Text(Str<'a>),
    /// Bytes of a WBXML OPAQUE; not known to be text.
    Opaque(Cow<'a, [u8]>),
    /// The innermost open element ends.
    End,
}

impl Node<'_> {
    /// The same step, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Node<'static> {
        match self {
            Self::Start(name) => Node::Start(name.into_owned()),
            Self::Attribute(attribute) => Node::Attribute(attribute.into_owned()),
            Self::Text(text) => Node::Text(text.into_owned()),
            Self::Opaque(bytes) => Node::Opaque(Cow::Owned(bytes.into_owned())),
            Self::End => Node::End,
        }
    }
}

/// An element with everything in it, as one flat list: no recursion, whatever the depth.
///
/// White space between elements is not kept; text next to elements is.
#[derive(Clone)]
pub struct Element<'a> {
    nodes: Vec<Node<'a>>,
    span: Span,
}

impl<'a> Element<'a> {
    /// From the steps in document order: a start, what is in it, an end. Readers keep that promise.
    pub(crate) fn from_nodes(nodes: Vec<Node<'a>>, span: Span) -> Self {
        Self { nodes, span }
    }

    /// An element of the steps that [`nodes`](Self::nodes) gives; `None` for what is none: one start, what is in it, its
    /// end, attributes right after starts, texts that are neither empty nor next to each other.
    ///
    /// ```
    /// use dm_syncml::{Element, Name, Node};
    /// let name = Name::Other { namespace: "urn:x".into(), local: "Note".into() };
    /// let element = Element::with_text(name, "text");
    /// assert_eq!(Element::of_nodes(element.nodes().to_vec()), Some(element));
    /// assert_eq!(Element::of_nodes(vec![Node::End]), None);
    /// ```
    #[must_use]
    pub fn of_nodes(nodes: Vec<Node<'a>>) -> Option<Self> {
        let mut depth = 0_usize;
        let mut before: Option<&Node<'a>> = None;
        for node in &nodes {
            let fits = match node {
                Node::Start(_) => depth > 0 || before.is_none(),
                Node::Attribute(_) => matches!(before, Some(Node::Start(_) | Node::Attribute(_))),
                Node::Text(text) => depth > 0 && !text.is_empty() && !matches!(before, Some(Node::Text(_))),
                Node::Opaque(_) => depth > 0,
                Node::End => depth > 0,
            };
            if !fits {
                return None;
            }
            match node {
                Node::Start(_) => depth = depth.saturating_add(1),
                Node::End => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = Some(node);
        }
        (depth == 0 && before.is_some()).then(|| Self::from_nodes(nodes, Span::default()))
    }

    /// An element without content, to be filled with [`push`](Self::push).
    #[must_use]
    pub fn new(name: Name<'a>) -> Self {
        Self { nodes: [Node::Start(name), Node::End].into(), span: Span::default() }
    }

    /// An element with a text.
    #[must_use]
    pub fn with_text(name: Name<'a>, text: impl Into<Str<'a>>) -> Self {
        let text = text.into();
        let mut element = Self::new(name);
        if !text.is_empty() {
            element.nodes.insert(1, Node::Text(text));
        }
        element
    }

    /// Appends a child at the end of the content.
    pub fn push(&mut self, child: Self) {
        self.nodes.pop();
        self.nodes.extend(child.nodes);
        self.nodes.push(Node::End);
    }

    /// The steps in document order, from the start to the end of this element.
    #[must_use]
    pub fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// A view of the whole element.
    #[must_use]
    pub fn view(&self) -> ElementRef<'_, 'a> {
        ElementRef { nodes: &self.nodes, secret: false }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Name<'a> {
        self.view().name()
    }

    /// Where the element stood in the input.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The same element, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Element<'static> {
        Element { nodes: self.nodes.into_iter().map(Node::into_owned).collect(), span: self.span }
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element").field("nodes", &Nodes(&self.nodes, false)).field("span", &self.span).finish()
    }
}

impl fmt::Debug for ElementRef<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElementRef").field("nodes", &Nodes(self.nodes, self.secret)).finish()
    }
}

impl fmt::Debug for Children<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("rest", &Nodes(self.rest, self.secret)).finish()
    }
}

/// Steps for a log: credentials and nonces stay out of it, wherever they stand. And whether these stand in one.
struct Nodes<'n, 'a>(&'n [Node<'a>], bool);

fn is_secret(name: &Name<'_>) -> bool {
    name.local().is_some_and(|it| it.eq_ignore_ascii_case("Cred") || it.eq_ignore_ascii_case("NextNonce"))
}

impl fmt::Debug for Nodes<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        let mut inside = usize::from(self.1);
        for node in self.0 {
            match node {
                Node::Start(name) if inside > 0 || is_secret(name) => inside = inside.saturating_add(1),
                Node::End => inside = inside.saturating_sub(1),
                Node::Text(_) | Node::Opaque(_) | Node::Attribute(_) if inside > 0 => {
                    list.entry(&"[redacted]");
                    continue;
                }
                _ => {}
            }
            list.entry(node);
        }
        list.finish()
    }
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes
    }
}

impl Eq for Element<'_> {}

/// An element inside an [`Element`].
#[derive(Clone, Copy)]
pub struct ElementRef<'e, 'a> {
    nodes: &'e [Node<'a>],
    /// Whether it stands in a credential or nonce.
    secret: bool,
}

impl<'e, 'a> ElementRef<'e, 'a> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &'e Name<'a> {
        match self.nodes.first() {
            Some(Node::Start(name)) => name,
            _ => &Name::Token { page: 0, token: 0 },
        }
    }

    /// The steps in document order, from the start to the end of this element.
    #[must_use]
    pub const fn nodes(&self) -> &'e [Node<'a>] {
        self.nodes
    }

    /// The attributes.
    pub fn attributes(&self) -> impl Iterator<Item = &'e Attribute<'a>> + use<'e, 'a> {
        self.nodes.iter().skip(1).map_while(|node| match node {
            Node::Attribute(attribute) => Some(attribute),
            _ => None,
        })
    }

    /// The child elements, in order.
    #[must_use]
    pub fn children(&self) -> Children<'e, 'a> {
        let secret = self.secret || is_secret(self.name());
        Children { rest: self.nodes.get(1..).unwrap_or_default(), secret }
    }

    /// The first child of a name.
    #[must_use]
    pub fn child(&self, tag: Tag) -> Option<Self> {
        self.children().find(|child| child.name().is(tag))
    }

    /// The text directly in this element, joined; bytes that are not UTF-8 are left out.
    #[must_use]
    pub fn text(&self) -> Cow<'e, str> {
        let mut depth = 0_usize;
        let mut found: Cow<'e, str> = Cow::Borrowed("");
        for node in self.nodes {
            match node {
                Node::Start(_) => depth = depth.saturating_add(1),
                Node::End => depth = depth.saturating_sub(1),
                Node::Text(text) if depth == 1 => join(&mut found, text),
                Node::Opaque(bytes) if depth == 1 => {
                    if let Ok(text) = core::str::from_utf8(bytes) {
                        join(&mut found, text);
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// A copy of this element alone.
    #[must_use]
    pub fn to_element(&self) -> Element<'a> {
        Element { nodes: self.nodes.to_vec(), span: Span::default() }
    }
}

fn join<'e>(found: &mut Cow<'e, str>, text: &'e str) {
    if found.is_empty() {
        *found = Cow::Borrowed(text);
    } else {
        let mut joined = String::from(core::mem::take(found));
        joined.push_str(text);
        *found = Cow::Owned(joined);
    }
}

/// The child elements of an [`ElementRef`].
#[derive(Clone)]
pub struct Children<'e, 'a> {
    rest: &'e [Node<'a>],
    secret: bool,
}

impl<'e, 'a> Iterator for Children<'e, 'a> {
    type Item = ElementRef<'e, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.rest.first()? {
                Node::Start(_) => break,
                Node::End => return None,
                _ => self.rest = self.rest.get(1..)?,
            }
        }
        let mut depth = 0_usize;
        for (at, node) in self.rest.iter().enumerate() {
            match node {
                Node::Start(_) => depth = depth.saturating_add(1),
                Node::End => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let (child, rest) = self.rest.split_at_checked(at.saturating_add(1))?;
                self.rest = rest;
                return Some(ElementRef { nodes: child, secret: self.secret });
            }
        }
        None
    }
}

/// Elements that the model has no place for, in the order they came: unknown ones and those that only DS uses. Read as
/// a slice.
pub type Extras<'a> = Rare<Element<'a>>;

impl<'a> Extras<'a> {
    /// The same elements, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Extras<'static> {
        self.into_iter().map(Element::into_owned).collect()
    }
}

/// Attributes in the order they came. Read as a slice.
pub type Attributes<'a> = Rare<Attribute<'a>>;
