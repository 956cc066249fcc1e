//! What makes answers and values shorter to write.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use dm_syncml::{CmdId, CmdRef, Decimal, Encoding, Format, MsgId, Operation, Results, Value};

#[test]
fn numbers_are_ids() {
    assert_eq!(CmdId::from(7), "7");
    assert_eq!(MsgId::from(u32::MAX), "4294967295");
    assert_eq!(Decimal::from(u64::MAX).number(), Some(u64::MAX));
    assert_eq!(Operation::new(3).cmd_id, "3");
    assert_eq!(Results::new(2, 1, "5").msg_ref(), "1");
}

#[test]
fn an_id_is_what_answers_refer_to() {
    let id = CmdId::from("{7f0c}");
    assert_eq!(CmdRef::from(id), "{7f0c}");
}

#[test]
fn owned_texts_and_bytes_are_values() {
    assert_eq!(Value::from(String::from("a")), Value::chr("a"));
    let bytes = Value::from(vec![0, 0xFF]);
    assert_eq!(bytes, Value::bytes([0, 0xFF]));
    assert_eq!(bytes.format(Encoding::Xml), Format::B64);
    assert_eq!(bytes.format(Encoding::Wbxml), Format::Bin);
}

#[test]
#[cfg(feature = "xml")]
fn bare_commands_have_no_namespace() {
    use dm_syncml::{DeviationKind, ErrorKind, Fragment, Limits, Strictness};
    let bare = b"<Get><CmdID>1</CmdID><Item><Target><LocURI>.</LocURI></Target></Item></Get>";
    let lenient = Fragment::parse_with(bare, Strictness::Lenient, &Limits::DEFAULT).unwrap();
    let found: Vec<_> = lenient.deviations.iter().map(|it| it.kind()).collect();
    let strict = Fragment::parse_with(bare, Strictness::Strict, &Limits::DEFAULT).unwrap_err();
    assert_eq!(found, [DeviationKind::NamespaceAbsent]);
    assert_eq!((strict.kind(), strict.offset()), (ErrorKind::NamespaceAbsent, 0));
}
