//! The elements: names, code pages and tokens (SyncML Representation §8, MetaInformation §7, DM TND §10).
//!
//! The one table of the crate. The grammar asks readers for a [`Spec`], both wire forms look names and tokens up here.

use core::fmt;

/// An element that a code page has a token for.
///
/// ```
/// use dm_syncml::{Page, Tag};
/// let tag = Tag::by_name(Page::SyncMl, "CmdID").unwrap();
/// assert_eq!((tag.page(), tag.token(), tag.name()), (Page::SyncMl, 0x0B, "CmdID"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    page: Page,
    token: u8,
}

/// A code page: the space of names of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Page {
    /// SyncML commands, page 0.
    SyncMl,
    /// Meta information, `syncml:metinf`, page 1.
    MetInf,
    /// Device description and TNDS, `syncml:dmddf1.2`, page 2.
    DmDdf,
    /// DS device information, `syncml:devinf`, page 0 of documents of its own.
    DevInf,
}

impl Page {
    /// The number of the page in WBXML.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::SyncMl | Self::DevInf => 0,
            Self::MetInf => 1,
            Self::DmDdf => 2,
        }
    }

    /// The namespace in XML, of SyncML 1.2 for page 0.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::SyncMl => "SYNCML:SYNCML1.2",
            Self::MetInf => "syncml:metinf",
            Self::DmDdf => "syncml:dmddf1.2",
            Self::DevInf => "syncml:devinf",
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::SyncMl => SYNC_ML_NAMES,
            Self::MetInf => MET_INF_NAMES,
            Self::DmDdf => DM_DDF_NAMES,
            Self::DevInf => DEV_INF_NAMES,
        }
    }
}

/// The first token that a page may assign.
const FIRST: u8 = 5;

impl Tag {
    pub(crate) const fn new(page: Page, token: u8) -> Self {
        Self { page, token }
    }

    /// The element of a token (bits 0 to 5), or `None` when the page does not assign it.
    #[must_use]
    pub fn by_token(page: Page, token: u8) -> Option<Self> {
        let name = page.names().get(usize::from(token.checked_sub(FIRST)?))?;
        (!name.is_empty()).then_some(Self { page, token })
    }

    /// The element of a name, compared exactly: names have letter case.
    #[must_use]
    pub fn by_name(page: Page, name: &str) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let index = page.names().iter().position(|known| *known == name)?;
        Some(Self { page, token: u8::try_from(index).ok()?.checked_add(FIRST)? })
    }

    /// The page.
    #[must_use]
    pub const fn page(self) -> Page {
        self.page
    }

    /// The token, 0x05 to 0x3C.
    #[must_use]
    pub const fn token(self) -> u8 {
        self.token
    }

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let index = usize::from(self.token.saturating_sub(FIRST));
        self.page.names().get(index).copied().unwrap_or_default()
    }

    /// The minor version of SyncML 1.x that brought the element: 0, 1 or 2.
    #[must_use]
    pub const fn since(self) -> u8 {
        match (self.page, self.token) {
            (Page::SyncMl, 0x33..=0x34) | (Page::MetInf, 0x15) | (Page::DevInf, 0x28..=0x2A) => 1,
            (Page::SyncMl, 0x35..) | (Page::MetInf, 0x16..) | (Page::DevInf, 0x2B..) | (Page::DmDdf, _) => 2,
            _ => 0,
        }
    }

    /// Whether DM 1.2 uses the element (DM Representation §6); the others belong to DS.
    #[must_use]
    pub const fn is_dm(self) -> bool {
        match self.page {
            Page::SyncMl => {
                !matches!(self.token, 0x07 | 0x15 | 0x18..=0x19 | 0x1D..=0x1F | 0x23 | 0x26 | 0x2A | 0x33 | 0x35..=0x3B)
            }
            Page::MetInf => !matches!(self.token, 0x05 | 0x08..=0x0A | 0x0D | 0x0F | 0x11 | 0x14 | 0x16),
            Page::DmDdf => true,
            Page::DevInf => false,
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:{}", self.page, self.name())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An element as the grammar asks for it: the tag, and its tags in XML as an encoder writes them.
#[cfg(any(feature = "xml", feature = "wbxml"))]
#[cfg_attr(not(feature = "xml"), expect(dead_code, reason = "the tags of XML are for XML"))]
pub(crate) struct Spec {
    pub(crate) tag: Tag,
    /// `<Name>`, with `xmlns` for meta information.
    pub(crate) open: &'static str,
    /// `</Name>`.
    pub(crate) close: &'static str,
    /// `<Name/>`, with `xmlns` for meta information.
    pub(crate) empty: &'static str,
}

/// One constant for each element that the grammar knows.
#[cfg(any(feature = "xml", feature = "wbxml"))]
pub(crate) mod spec {
    use super::{Page, Spec, Tag};

    macro_rules! specs {
        ($page:ident, $attributes:literal: $( $constant:ident $token:literal $name:literal )+) => { $(
            pub(crate) const $constant: &Spec = &Spec {
                tag: Tag::new(Page::$page, $token),
                open: concat!("<", $name, $attributes, ">"),
                close: concat!("</", $name, ">"),
                empty: concat!("<", $name, $attributes, "/>"),
            };
        )+ };
    }
    specs! { SyncMl, "":
        ADD 0x05 "Add"
        ALERT 0x06 "Alert"
        ATOMIC 0x08 "Atomic"
        CHAL 0x09 "Chal"
        CMD 0x0A "Cmd"
        CMD_ID 0x0B "CmdID"
        CMD_REF 0x0C "CmdRef"
        COPY 0x0D "Copy"
        CRED 0x0E "Cred"
        DATA 0x0F "Data"
        DELETE 0x10 "Delete"
        EXEC 0x11 "Exec"
        FINAL 0x12 "Final"
        GET 0x13 "Get"
        ITEM 0x14 "Item"
        LOC_NAME 0x16 "LocName"
        LOC_URI 0x17 "LocURI"
        MAP 0x18 "Map"
        META 0x1A "Meta"
        MSG_ID 0x1B "MsgID"
        MSG_REF 0x1C "MsgRef"
        NO_RESP 0x1D "NoResp"
        PUT 0x1F "Put"
        REPLACE 0x20 "Replace"
        RESP_URI 0x21 "RespURI"
        RESULTS 0x22 "Results"
        SEARCH 0x23 "Search"
        SEQUENCE 0x24 "Sequence"
        SESSION_ID 0x25 "SessionID"
        SOURCE 0x27 "Source"
        SOURCE_REF 0x28 "SourceRef"
        STATUS 0x29 "Status"
        SYNC 0x2A "Sync"
        SYNC_BODY 0x2B "SyncBody"
        SYNC_HDR 0x2C "SyncHdr"
        SYNC_ML 0x2D "SyncML"
        TARGET 0x2E "Target"
        TARGET_REF 0x2F "TargetRef"
        VER_DTD 0x31 "VerDTD"
        VER_PROTO 0x32 "VerProto"
        MORE_DATA 0x34 "MoreData"
        MOVE 0x3B "Move"
        CORRELATOR 0x3C "Correlator"
    }

    specs! { MetInf, " xmlns=\"syncml:metinf\"":
        EMI 0x06 "EMI"
        FORMAT 0x07 "Format"
        MARK 0x0B "Mark"
        MAX_MSG_SIZE 0x0C "MaxMsgSize"
        MET_INF 0x0E "MetInf"
        NEXT_NONCE 0x10 "NextNonce"
        SIZE 0x12 "Size"
        TYPE 0x13 "Type"
        MAX_OBJ_SIZE 0x15 "MaxObjSize"
    }
}

/// From token 0x05 on; empty where nothing is assigned.
const SYNC_ML_NAMES: &[&str] = &[
    "Add",
    "Alert",
    "Archive",
    "Atomic",
    "Chal",
    "Cmd",
    "CmdID",
    "CmdRef",
    "Copy",
    "Cred",
    "Data",
    "Delete",
    "Exec",
    "Final",
    "Get",
    "Item",
    "Lang",
    "LocName",
    "LocURI",
    "Map",
    "MapItem",
    "Meta",
    "MsgID",
    "MsgRef",
    "NoResp",
    "NoResults",
    "Put",
    "Replace",
    "RespURI",
    "Results",
    "Search",
    "Sequence",
    "SessionID",
    "SftDel",
    "Source",
    "SourceRef",
    "Status",
    "Sync",
    "SyncBody",
    "SyncHdr",
    "SyncML",
    "Target",
    "TargetRef",
    "",
    "VerDTD",
    "VerProto",
    "NumberOfChanges",
    "MoreData",
    "Field",
    "Filter",
    "Record",
    "FilterType",
    "SourceParent",
    "TargetParent",
    "Move",
    "Correlator",
];

/// From token 0x05 on; empty where nothing is assigned.
const MET_INF_NAMES: &[&str] = &[
    "Anchor",
    "EMI",
    "Format",
    "FreeID",
    "FreeMem",
    "Last",
    "Mark",
    "MaxMsgSize",
    "Mem",
    "MetInf",
    "Next",
    "NextNonce",
    "SharedMem",
    "Size",
    "Type",
    "Version",
    "MaxObjSize",
    "FieldLevel",
];

/// From token 0x05 on; empty where nothing is assigned.
const DM_DDF_NAMES: &[&str] = &[
    "AccessType",
    "ACL",
    "Add",
    "b64",
    "bin",
    "bool",
    "chr",
    "CaseSense",
    "CIS",
    "Copy",
    "CS",
    "date",
    "DDFName",
    "DefaultValue",
    "Delete",
    "Description",
    "DFFormat",
    "DFProperties",
    "DFTitle",
    "DFType",
    "Dynamic",
    "Exec",
    "float",
    "Format",
    "Get",
    "int",
    "Man",
    "MgmtTree",
    "MIME",
    "Mod",
    "Name",
    "Node",
    "node",
    "NodeName",
    "null",
    "Occurrence",
    "One",
    "OneOrMore",
    "OneOrN",
    "Path",
    "Permanent",
    "Replace",
    "RTProperties",
    "Scope",
    "Size",
    "time",
    "Title",
    "TStamp",
    "Type",
    "Value",
    "VerDTD",
    "VerNo",
    "xml",
    "ZeroOrMore",
    "ZeroOrN",
    "ZeroOrOne",
];

/// From token 0x05 on; empty where nothing is assigned.
const DEV_INF_NAMES: &[&str] = &[
    "CTCap",
    "CTType",
    "DataStore",
    "DataType",
    "DevID",
    "DevInf",
    "DevTyp",
    "DisplayName",
    "DSMem",
    "Ext",
    "FwV",
    "HwV",
    "Man",
    "MaxGUIDSize",
    "MaxID",
    "MaxMem",
    "Mod",
    "OEM",
    "ParamName",
    "PropName",
    "Rx",
    "Rx-Pref",
    "SharedMem",
    "MaxSize",
    "SourceRef",
    "SwV",
    "SyncCap",
    "SyncType",
    "Tx",
    "Tx-Pref",
    "ValEnum",
    "VerCT",
    "VerDTD",
    "XNam",
    "XVal",
    "UTC",
    "SupportNumberOfChanges",
    "SupportLargeObjs",
    "Property",
    "PropParam",
    "MaxOccur",
    "NoTruncate",
    "",
    "Filter-Rx",
    "FilterCap",
    "FilterKeyword",
    "FieldLevel",
    "SupportHierarchicalSync",
];
