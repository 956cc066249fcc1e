//! The SyncML documents of the benches: files of `benches/data` and some that are made here.

use std::fmt::Write as _;

/// 2.5 KB, indented: a client's Package #1.
pub const P1_XML: &str = include_str!("../data/p1.xml");
/// 33 KB, one line: a server's package.
pub const SRV_XML: &str = include_str!("../data/srv.xml");
/// The same, indented.
pub const SRV_PRETTY_XML: &str = include_str!("../data/srv_pretty.xml");
/// `P1_XML` by another encoder, with a string table.
pub const P1_WBXML: &[u8] = include_bytes!("../data/p1.wbxml");
/// The same without.
pub const P1_NOSTR_WBXML: &[u8] = include_bytes!("../data/p1_nostr.wbxml");
/// `SRV_XML` by another encoder, with a string table.
pub const SRV_WBXML: &[u8] = include_bytes!("../data/srv.wbxml");
/// The same without.
pub const SRV_NOSTR_WBXML: &[u8] = include_bytes!("../data/srv_nostr.wbxml");

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A message around the content of its body.
#[must_use]
pub fn message(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD>\
         <VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>IMEI:0</LocURI></Target>\
         <Source><LocURI>https://dm.example</LocURI></Source></SyncHdr><SyncBody>{body}<Final/></SyncBody></SyncML>"
    )
}

/// A message with one Replace around the start tag's attributes and the content of its Data.
#[must_use]
pub fn replace(attributes: &str, data: &str) -> String {
    message(&format!(
        "<Replace><CmdID>1</CmdID><Item><Target><LocURI>./Vendor/Blob</LocURI></Target>\
         <Meta><Format xmlns=\"syncml:metinf\">b64</Format></Meta><Data{attributes}>{data}</Data></Item></Replace>"
    ))
}

/// One Replace whose Data is 1 MB of Base64.
#[must_use]
pub fn base64_1mb() -> String {
    let mut state = 1_u32;
    let text: String = (0..1 << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(ALPHABET[(state >> 26) as usize])
        })
        .collect();
    replace("", &text)
}

/// The smallest message that is complete.
#[must_use]
pub fn smallest() -> String {
    message("<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>")
        .replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")
}

/// Documents meant to hurt, by name: some are read, some must be refused soon.
#[must_use]
pub fn hostile() -> Vec<(&'static str, String)> {
    let nested = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    let attributes = |count: usize| {
        (0..count).fold(String::new(), |mut text, index| {
            let _ = write!(text, " a{index}=\"v\"");
            text
        })
    };
    vec![
        // Raw mark-up as deep as it may be, and far deeper.
        ("deep-60", replace("", &nested(60))),
        ("deep-100000", replace("", &nested(100_000))),
        // As many attributes as there may be, many more, and the same one twice at the end.
        ("attributes-32", replace(&attributes(32), "x")),
        ("attributes-10000", replace(&attributes(10_000), "x")),
        // References and nothing else, 64 KB of them.
        ("entities", replace("", &"&amp;&lt;&#x41;&#10;".repeat(3_600))),
        // A comment between any two commands, and 64 KB of empty ones.
        ("comments", message(&"<!----><Get><CmdID>1</CmdID><!-- x --></Get>".repeat(1_000))),
        ("comments-only", message(&"<!---->".repeat(9_300))),
        // Text in pieces: sections of one character.
        ("cdata", replace("", &"<![CDATA[x]]>".repeat(5_000))),
        // A declaration that could grow, which is refused where it stands.
        ("doctype", "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><SyncML>&b;</SyncML>".into()),
    ]
}
