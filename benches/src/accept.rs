//! What our XML reader accepts against what roxmltree accepts. A fuzz target and the replay of its seeds share it.
//!
//! Both read a document, or refuse it; where one does and the other does not, it has to be one of these:
//!
//! We refuse and roxmltree reads
//! - what is no SyncML: another root, parts missing or twice, text between elements, elements in text;
//! - declarations in a DOCTYPE, which roxmltree expands;
//! - what our limits say, and characters outside UTF-8 by the declaration;
//! - an XML declaration with a literal that does not end, which it does not look into;
//! - processing instructions named `xml`, or without white space behind their name, which it does not look at;
//! - characters that XML does not have, inside a DOCTYPE or a CDATA section;
//! - the same prefix declared twice in one tag;
//! - references to characters behind the last one, which it replaces;
//! - names with a colon at an end or two of them, which namespaces forbid.
//!
//! We read and roxmltree refuses
//! - what we call a deviation: white space before the declaration, undeclared prefixes in fragments;
//! - several roots, or text of commands side by side without a root: a fragment;
//! - elements with the prefix `xml`, which is declared by definition;
//! - what its own limits say.

use dm_syncml::{DeviationKind, Error, ErrorKind, Fragment, Limits, Parsed, Strictness};
use roxmltree::{Document, ParsingOptions};

/// Panics where the two differ for a reason that is not in the list. Whether both read it.
///
/// # Panics
/// As said.
pub fn agrees_with_roxmltree(data: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(data) else {
        assert!(Fragment::parse_xml(data, Strictness::Lenient, &Limits::DEFAULT).is_err());
        return false;
    };
    let ours = Fragment::parse_xml(data, Strictness::Lenient, &Limits::DEFAULT);
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let theirs = Document::parse_with_options(text, options);
    match (ours, theirs) {
        (Ok(_), Ok(_)) => true,
        (Err(_), Err(_)) => false,
        (Err(ours), Ok(theirs)) => {
            assert!(may_refuse(ours, text, &theirs), "we refuse what is well-formed: {ours}");
            false
        }
        (Ok(ours), Err(theirs)) => {
            assert!(may_read(text, &ours), "we read what is not well-formed: {theirs}");
            true
        }
    }
}

/// Whether it is no matter of well-formedness.
fn may_refuse(ours: Error, text: &str, theirs: &Document<'_>) -> bool {
    let kind = ours.kind();
    kind.is_limit()
        || matches!(
            kind,
            ErrorKind::Root
                | ErrorKind::MissingPart
                | ErrorKind::Duplicate
                | ErrorKind::UnexpectedText
                | ErrorKind::MixedContent
                | ErrorKind::UnexpectedElement
                | ErrorKind::Doctype
                | ErrorKind::CharacterSet
                | ErrorKind::NotSyncMl
        )
        // What a declared entity brings in is theirs alone.
        || (kind == ErrorKind::UnknownEntity && theirs.input_text().contains("<!ENTITY"))
        || (kind == ErrorKind::Character && is_unseen(text, ours.offset()))
        || (kind.is_incomplete() && has_open_literal(text))
        || (kind == ErrorKind::DuplicateAttribute && at(text, ours.offset()).starts_with("xmlns"))
        || (kind == ErrorKind::Syntax && (in_instruction(text, ours.offset()) || in_colons(text, ours.offset())))
}

/// Whether the XML declaration has a quote that is not closed before its end.
fn has_open_literal(text: &str) -> bool {
    let declaration = text.strip_prefix("<?xml").and_then(|rest| rest.split("?>").next()).unwrap_or_default();
    let mut open = None;
    for byte in declaration.bytes().filter(|byte| matches!(byte, b'"' | b'\'')) {
        match open {
            None => open = Some(byte),
            Some(quote) if quote == byte => open = None,
            Some(_) => {}
        }
    }
    open.is_some()
}

fn at(text: &str, offset: usize) -> &str {
    text.get(offset..).unwrap_or_default()
}

/// Whether the byte lies where roxmltree does not look at characters, or is a reference to one it replaces.
fn is_unseen(text: &str, offset: usize) -> bool {
    in_doctype(text, offset) || in_cdata(text, offset) || at(text, offset).starts_with("&#")
}

/// Whether the byte lies in a DOCTYPE: behind the start of one, and before the `>` that is in no literal.
fn in_doctype(text: &str, offset: usize) -> bool {
    let Some(start) = text.find("<!DOCTYPE").filter(|start| *start < offset) else { return false };
    let mut quote = None;
    let end = text.bytes().enumerate().skip(start).find(|(_, byte)| {
        match quote {
            Some(open) if open == *byte => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') => quote = Some(*byte),
            None => return *byte == b'>',
        }
        false
    });
    end.is_none_or(|(end, _)| offset < end)
}

/// Whether the byte lies in a CDATA section.
fn in_cdata(text: &str, offset: usize) -> bool {
    let before = text.get(..offset).unwrap_or_default();
    before.rfind("<![CDATA[").is_some_and(|start| before.rfind("]]>").is_none_or(|end| end < start))
}

/// Whether the byte lies in or behind a name with a colon.
fn in_colons(text: &str, offset: usize) -> bool {
    let mark = |byte: &u8| b"<>/=\"' \t\r\n".contains(byte);
    let (before, after) = text.as_bytes().split_at(offset.min(text.len()));
    let before = before.iter().rev().take_while(|byte| !mark(byte));
    let after = after.iter().take_while(|byte| !mark(byte));
    before.chain(after).any(|byte| *byte == b':')
}

/// Whether the byte lies in a processing instruction.
fn in_instruction(text: &str, offset: usize) -> bool {
    let before = text.as_bytes().get(..offset.saturating_add(2).min(text.len())).unwrap_or_default();
    let start = before.windows(2).rposition(|window| window == b"<?");
    let end = before.get(..offset).and_then(|before| before.windows(2).rposition(|window| window == b"?>"));
    start.is_some_and(|start| end.is_none_or(|end| end < start))
}

/// Whether it is one of the things we let pass.
fn may_read(text: &str, ours: &Parsed<Fragment<'_>>) -> bool {
    let deviates = |kind| ours.deviations.iter().any(|found| found.kind() == kind);
    if text.contains("<xml:") {
        return true;
    }
    if deviates(DeviationKind::PrefixUndeclared) || ours.unlisted > 0 {
        return true;
    }
    // Without what stands before the root, and inside one of their own.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text).trim_start_matches([' ', '\t', '\r', '\n']);
    if Document::parse_with_options(text, ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }).is_ok() {
        return true;
    }
    let Some(content) = without_prolog(text) else { return false };
    Document::parse(&format!("<x>{content}</x>")).is_ok()
}

/// The text behind its declaration.
fn without_prolog(text: &str) -> Option<&str> {
    if !text.starts_with("<?xml ") {
        return Some(text);
    }
    text.find("?>").and_then(|end| text.get(end + 2..))
}

#[cfg(test)]
mod tests {
    use super::agrees_with_roxmltree;

    #[test]
    fn seeds() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/syncml_xml_vs_roxmltree");
        let seeds = std::fs::read_dir(dir).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        assert!(seeds.filter(|seed| agrees_with_roxmltree(seed)).count() > 20);
    }
}
