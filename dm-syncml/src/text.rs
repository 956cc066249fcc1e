//! Text of an element, and the newtypes of the texts that mean more than text.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

/// The text of an element.
///
/// Borrowed from the input unless the text had to be put together: a reference, a CDATA section or a carriage return
/// in XML, several pieces in WBXML. Two texts are equal when their characters are, whoever owns them.
///
/// ```
/// use dm_syncml::Str;
/// let text = Str::borrowed("./DevInfo/DevId");
/// assert!(text.is_borrowed() && text == "./DevInfo/DevId");
/// ```
#[derive(Clone, Default)]
pub struct Str<'a>(Cow<'a, str>);

impl<'a> Str<'a> {
    /// The empty text.
    pub const EMPTY: Self = Self(Cow::Borrowed(""));

    /// A borrowed text.
    #[must_use]
    #[inline]
    pub const fn borrowed(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text belongs to the input instead of an allocation of its own.
    #[must_use]
    pub const fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }

    /// The text as a `String`.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// The text as a `Cow`.
    #[must_use]
    pub fn into_cow(self) -> Cow<'a, str> {
        self.0
    }

    /// The same text, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> Str<'static> {
        Str(Cow::Owned(self.0.into_owned()))
    }

    /// The same text without the white space of XML (space, tab, CR, LF) at both ends.
    #[must_use]
    #[inline]
    pub fn trimmed(self) -> Self {
        let bytes = self.0.as_bytes();
        let padded = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        if padded(bytes.first()) || padded(bytes.last()) {
            return match self.0 {
                Cow::Borrowed(text) => Self::borrowed(trim(text)),
                Cow::Owned(text) => Self(Cow::Owned(trim(&text).into())),
            };
        }
        self
    }
}

/// Without the white space of XML at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

impl Deref for Str<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Str<'a> {
    fn from(text: &'a str) -> Self {
        Self::borrowed(text)
    }
}

impl<'a> From<&'a String> for Str<'a> {
    fn from(text: &'a String) -> Self {
        Self::borrowed(text)
    }
}

impl From<String> for Str<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Str<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl From<Str<'_>> for String {
    fn from(text: Str<'_>) -> Self {
        text.into_string()
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Str<'_> {}

impl PartialEq<str> for Str<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Str<'_> {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other.as_str()
    }
}

impl PartialOrd for Str<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Str<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

/// A text with a name of its own: opaque, compared byte by byte, never read as a number unless asked.
macro_rules! opaque {
    ($( $(#[$meta:meta])* $name:ident; )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<'a>(Str<'a>);

        impl<'a> $name<'a> {
            /// No text.
            pub const EMPTY: Self = Self(Str::EMPTY);

            /// The text as it is on the wire.
            #[must_use]
            #[inline]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// Whether there is no text: the element is empty or was missing.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// The same text, independent of the input.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                $name(self.0.into_owned())
            }

            /// The text.
            #[must_use]
            pub fn into_str(self) -> Str<'a> {
                self.0
            }
        }

        impl<'a, T: Into<Str<'a>>> From<T> for $name<'a> {
            #[inline]
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl PartialEq<str> for $name<'_> {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl AsRef<str> for $name<'_> {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.as_str(), f)
            }
        }
    )+ };
}

opaque! {
    /// `SessionID`: the same text in every message of a session. The standard says at most 4 bytes; real peers send
    /// `0`, hexadecimal letters and up to 13 digits, so it is compared as text.
    SessionId;
    /// `CmdID`: names a command within its message. Real peers send GUIDs; `0` is reserved for the header.
    CmdId;
    /// `CmdRef`: the `CmdID` being answered; `0` means the header.
    CmdRef;
    /// `LocURI`, `TargetRef` and `SourceRef`: an address, neither split nor percent-decoded. White space at both ends
    /// is taken off by decoders.
    LocUri;
    /// `MsgID` and `MsgRef`: a decimal number counted by each sender for itself. The text is kept.
    MsgId;
    /// A decimal number of `Size`, `MaxMsgSize` or `MaxObjSize`, in bytes. The text is kept.
    Decimal;
}

macro_rules! number {
    ($name:ident, $integer:ty) => {
        impl $name<'_> {
            /// The number, or `None` when the text is not one or more decimal digits, or is too large.
            #[must_use]
            pub fn number(&self) -> Option<$integer> {
                let text = self.as_str();
                if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
            }

            /// The text of a number.
            #[must_use]
            pub fn from_number(number: $integer) -> $name<'static> {
                $name(Str::from(format!("{number}")))
            }
        }

        impl From<$integer> for $name<'_> {
            fn from(number: $integer) -> Self {
                Self::from_number(number)
            }
        }
    };
}

number!(MsgId, u32);
number!(CmdId, u32);
number!(Decimal, u64);

/// A command is answered by its id: the same text.
impl<'a> From<CmdId<'a>> for CmdRef<'a> {
    fn from(id: CmdId<'a>) -> Self {
        Self(id.0)
    }
}

impl CmdRef<'_> {
    /// Whether the header is meant: `0`.
    #[must_use]
    pub fn is_header(&self) -> bool {
        self.as_str() == "0"
    }
}
