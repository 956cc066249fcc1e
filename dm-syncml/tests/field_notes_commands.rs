//! Field notes §2.3: commands and the body. Each test is named after its row.
#![cfg(all(feature = "xml", feature = "wbxml"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod notes;

use dm_syncml::{
    AlertCode, Command, DeviationKind, ErrorKind, Fragment, Item, Message, Operation, UiOptions, XmlOptions,
};
use notes::{data, fragment, message, msg, names, refused, with_item};

const STATUS: &str =
    "<Status><CmdID>#</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>";
const RESULTS: &str = "<Results><CmdID>#</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Item><Source><LocURI>./A</LocURI>\
    </Source><Data>x</Data></Item></Results>";
const GET: &str = "<Get><CmdID>#</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>";
const ALERT: &str = "<Alert><CmdID>#</CmdID><Data>1201</Data></Alert>";

/// Commands numbered from 1.
fn numbered(commands: &[&str]) -> String {
    commands.iter().enumerate().map(|(at, command)| command.replace('#', &(at + 1).to_string())).collect()
}

#[test]
fn b01_the_order_of_kinds_is_kept() {
    let body = numbered(&[STATUS, RESULTS, STATUS, GET, ALERT, GET, STATUS, RESULTS, RESULTS]);
    let found = message(&msg(&body), &[]);
    assert_eq!(
        names(&found.commands),
        ["Status", "Results", "Status", "Get", "Alert", "Get", "Status", "Results", "Results"]
    );
    let ids: Vec<_> = found.commands.iter().map(|command| command.cmd_id().unwrap().as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[test]
fn b02_forms_of_final() {
    for form in ["<Final/>", "<Final />", "<Final></Final>", "<Final>\n</Final >", "<Final><!-- end --></Final>"] {
        assert!(message(&msg(GET).replace("<Final/>", form), &[]).is_final, "{form}");
    }
    let text = msg(GET).replace("<Final/>", "‸<Final>x</Final>");
    assert!(message(&text, &[DeviationKind::NotEmpty]).is_final);
    let text = msg(GET).replace("<Final/>", "<Final/>‸<Final/>");
    assert!(message(&text, &[DeviationKind::Repeated]).is_final);
}

#[test]
fn b03_no_final() {
    assert!(!message(&msg(GET).replace("<Final/>", ""), &[]).is_final);
    // And something behind it.
    let found = message(
        &msg(GET).replace("</SyncBody>", &format!("‸{}</SyncBody>", GET.replace('#', "2"))),
        &[DeviationKind::AfterFinal],
    );
    assert!(found.is_final && found.commands.len() == 2);
}

#[test]
fn b04_command_ids() {
    for id in ["7f0c0000-0000-4000-8000-000000000000", "7f0c-block", "12345", "$CmdID$", "00", "a b"] {
        let found = message(&msg(&GET.replace('#', id)), &[]);
        assert_eq!(found.commands[0].cmd_id().unwrap(), &id);
    }
    let found = message(&msg(&GET.replace('#', "‸0")), &[DeviationKind::CmdIdReserved]);
    assert_eq!(found.commands[0].cmd_id().unwrap(), &"0");
    for none in ["<CmdID></CmdID>", "<CmdID/>", ""] {
        let text = msg(&format!("‸{}", GET.replace("<CmdID>#</CmdID>", none)));
        let found = message(&text, &[DeviationKind::MissingElement]);
        assert!(found.commands[0].cmd_id().unwrap().is_empty());
        // It is not sent on like that.
        assert_eq!(found.to_xml().unwrap_err().kind(), ErrorKind::MissingElement);
    }
    let text = msg(&format!("{}‸{}", GET.replace('#', "5"), GET.replace('#', "5")));
    message(&text, &[DeviationKind::CmdIdRepeated]);
    // Also between a command and one in a container, in any order.
    let text = msg(&format!(
        "{}<Sequence><CmdID>4</CmdID>‸{}</Sequence>{}",
        GET.replace('#', "5"),
        GET.replace('#', "5"),
        GET.replace('#', "3")
    ));
    message(&text, &[DeviationKind::CmdIdRepeated]);
}

#[test]
fn b05_ids_start_anywhere() {
    let found = message(&msg(&format!("{}{}", ALERT.replace('#', "2"), GET.replace('#', "3"))), &[]);
    assert_eq!(found.commands[0].cmd_id().unwrap(), &"2");
    message(&msg(&format!("{}{}", ALERT.replace('#', "9"), GET.replace('#', "3"))), &[]);
}

#[test]
fn b06_two_groups_in_one_command() {
    let text = msg("<Replace><CmdID>1</CmdID><Item><Target><LocURI>./A</LocURI></Target><Data>a</Data></Item>\
         ‸<CmdID>2</CmdID><Item><Target><LocURI>./B</LocURI></Target><Data>b</Data></Item></Replace>");
    let found = message(&text, &[DeviationKind::Repeated]);
    assert_eq!((found.commands[0].cmd_id().unwrap().as_str(), found.commands[0].items().len()), ("2", 2));
    for (start, end) in
        [("<Alert>", "<Data>1201</Data></Alert>"), ("<Sequence>", "<Get><CmdID>3</CmdID><Item/></Get></Sequence>")]
    {
        let found =
            message(&msg(&format!("{start}<CmdID>1</CmdID>‸<CmdID>2</CmdID>{end}")), &[DeviationKind::Repeated]);
        assert_eq!(found.commands[0].cmd_id().unwrap(), &"2");
    }
    // An answer with two ids is ambiguous.
    refused(&msg(&STATUS.replace("<MsgRef>", "‸<CmdID>2</CmdID><MsgRef>")), ErrorKind::Duplicate);
}

#[test]
fn b07_unknown_commands_are_kept() {
    for name in ["delete", "Frobnicate", "GET", "Item", "LocURI"] {
        let text = msg(&format!("‸<{name}><CmdID>1</CmdID></{name}>{}", GET.replace('#', "2")));
        let found = message(&text, &[DeviationKind::UnknownCommand]);
        assert_eq!(names(&found.commands), [name, "Get"]);
        assert!(matches!(found.commands[0], Command::Unknown(_)));
    }
    let text = msg("<Atomic><CmdID>1</CmdID>‸<Enable/><Delete><CmdID>2</CmdID><Item/></Delete></Atomic>");
    let found = message(&text, &[DeviationKind::UnknownCommand]);
    assert_eq!(names(found.commands[0].commands()), ["Enable", "Delete"]);
}

#[test]
fn b07_commands_of_ds_are_kept() {
    let sync = "<Sync><CmdID>1</CmdID><Target><LocURI>./contacts</LocURI></Target><Add><CmdID>2</CmdID></Add></Sync>";
    let found = message(&msg(&format!("‸{sync}‸<Put><CmdID>3</CmdID></Put>")), &[DeviationKind::DsCommand; 2]);
    assert_eq!(names(&found.commands), ["Sync", "Put"]);
    let Command::Ds(element) = &found.commands[0] else { panic!() };
    assert_eq!(element.view().children().count(), 3);
}

#[test]
fn b08_what_windows_refuses_in_atomic_is_read() {
    let text = msg("<Atomic><CmdID>1</CmdID>‸<Get><CmdID>2</CmdID><Item/></Get>‸<Atomic><CmdID>3</CmdID>\
         <Add><CmdID>4</CmdID><Item/></Add><Replace><CmdID>5</CmdID><Item/></Replace></Atomic></Atomic>");
    let found = message(&text, &[DeviationKind::Nesting; 2]);
    assert_eq!(names(&found.walk().cloned().collect::<Vec<_>>()), ["Atomic", "Get", "Atomic", "Add", "Replace"]);
}

#[test]
fn b09_sequence() {
    let text = msg(
        "<Sequence><CmdID>1</CmdID><Exec><CmdID>2</CmdID><Item><Target><LocURI>./RemoteFind</LocURI></Target></Item>\
         </Exec><Get><CmdID>3</CmdID><Item/></Get></Sequence>",
    );
    assert_eq!(names(message(&text, &[]).commands[0].commands()), ["Exec", "Get"]);
    let text = msg("‸<Sequence><CmdID>1</CmdID></Sequence>");
    message(&text, &[DeviationKind::Incomplete]);
    let text = msg("‸‸<Sequence/>");
    message(&text, &[DeviationKind::MissingElement, DeviationKind::Incomplete]);
}

#[test]
fn b10_alerts_without_items() {
    for code in ["1201", "1223", "1222"] {
        let found = message(&msg(&format!("<Alert><CmdID>1</CmdID><Data>{code}</Data></Alert>")), &[]);
        let Command::Alert(alert) = &found.commands[0] else { panic!() };
        assert_eq!((alert.code().unwrap().to_text().as_str(), alert.items.len()), (code, 0));
    }
}

#[test]
fn b11_type_beside_meta() {
    let text = msg(
        "<Alert><CmdID>1</CmdID><Data>1226</Data><Item><Meta/>‸‸<Type>a.b/c</Type>‸<Format xmlns=\"syncml:metinf\">int\
         </Format><Data>1</Data></Item></Alert>",
    )
    .replace("int         ", "int");
    let found = message(
        &text.replace("int </Format>", "int</Format>"),
        &[DeviationKind::MetaOutsideMeta, DeviationKind::NamespaceOther, DeviationKind::MetaOutsideMeta],
    );
    let meta = found.commands[0].items()[0].meta.as_ref().unwrap();
    assert_eq!((meta.type_(), meta.format().unwrap().as_str()), (Some("a.b/c"), "int"));
    // Said twice, it is anybody's guess.
    refused(&with_item("<Meta><Type xmlns=\"syncml:metinf\">a</Type></Meta>‸<Type>b</Type>"), ErrorKind::Duplicate);
}

#[test]
fn b12_alert_codes_are_open() {
    for (code, number) in [("0", 0), ("1221", 1221), ("99999", 99_999)] {
        let found = message(&msg(&format!("<Alert><CmdID>1</CmdID><Data>{code}</Data></Alert>")), &[]);
        let Command::Alert(alert) = &found.commands[0] else { panic!() };
        assert_eq!(alert.code(), Some(AlertCode::new(number)));
    }
    for code in ["x", "", "-1"] {
        let found =
            message(&msg(&format!("<Alert><CmdID>1</CmdID><Data>‸{code}</Data></Alert>")), &[DeviationKind::Code]);
        let Command::Alert(alert) = &found.commands[0] else { panic!() };
        assert_eq!((alert.code(), alert.data.as_ref().unwrap().as_text()), (None, Some(code)));
    }
    message(&msg("‸<Alert><CmdID>1</CmdID></Alert>"), &[DeviationKind::MissingElement]);
}

#[test]
fn b13_item_before_data() {
    let text = msg("<Alert><CmdID>1</CmdID><Item><Data>x</Data></Item>‸<Data>1224</Data></Alert>");
    let found = message(&text, &[DeviationKind::Order]);
    let Command::Alert(alert) = &found.commands[0] else { panic!() };
    assert_eq!((alert.code(), alert.items.len()), (Some(AlertCode::new(1224)), 1));
    // Correlator before Data, as the toolkit writes it.
    let text = msg("<Alert><CmdID>1</CmdID><Correlator>job</Correlator>‸<Data>1226</Data></Alert>");
    let found = message(&text, &[DeviationKind::Order]);
    let Command::Alert(alert) = &found.commands[0] else { panic!() };
    assert_eq!(alert.correlator.as_deref(), Some("job"));
}

#[test]
fn b14_alert_types_are_any_text() {
    for (written, read, padded) in [
        ("com.microsoft/MDM/LoginStatus", "com.microsoft/MDM/LoginStatus", false),
        ("com.microsoft:mdm.unenrollment.userrequest", "com.microsoft:mdm.unenrollment.userrequest", false),
        ("Reversed-Domain-Name: org.x", "Reversed-Domain-Name: org.x", false),
        (
            "‸ Reversed-Domain-Name:com.microsoft.mdm.win32csp_install",
            "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install",
            true,
        ),
    ] {
        let kinds: &[_] = if padded { &[DeviationKind::Padding] } else { &[] };
        let text = format!("<Meta><Type xmlns=\"syncml:metinf\">{written}</Type></Meta><Data>1</Data>");
        assert_eq!(notes::item(&message(&with_item(&text), kinds)).meta.as_ref().unwrap().type_(), Some(read));
    }
}

#[test]
fn b15_item_content_under_a_command() {
    for content in ["<Target><LocURI>./A</LocURI></Target>", "<Source><LocURI>./A</LocURI></Source>", "<Data>1</Data>"]
    {
        let text = format!("<Replace><CmdID>1</CmdID>‸{content}</Replace>");
        refused(&msg(&text), ErrorKind::UnexpectedElement);
        let found =
            fragment(&format!("<SyncBody xmlns=\"SYNCML:SYNCML1.2\">{text}</SyncBody>"), &[DeviationKind::ItemImplied]);
        assert_eq!(found.commands[0].items().len(), 1, "{content}");
    }
    // All of it is one item, with the Meta of the command for itself.
    let text = "‸<Replace><CmdID>1</CmdID>‸<Target><LocURI>./A</LocURI></Target><Meta>‸<Format>int</Format></Meta>‸<Data>1</Data></Replace>";
    let found = fragment(
        text,
        &[
            DeviationKind::NamespaceAbsent,
            DeviationKind::ItemImplied,
            DeviationKind::NamespaceOther,
            DeviationKind::ItemImplied,
        ],
    );
    let expected = Operation::new("1").with_item(Item::target("./A").with_data("1"));
    let Command::Replace(replace) = &found.commands[0] else { panic!() };
    assert_eq!(replace.items, expected.items);
    assert!(replace.meta.is_some());
}

#[test]
fn b16_bare_ampersand() {
    refused(&with_item("<Data>MAXDT=15‸&DR=1</Data>"), ErrorKind::Syntax);
    refused(&with_item("<Data>a ‸& b</Data>"), ErrorKind::Syntax);
    let found = message(&with_item("<Data>MAXDT=15&amp;DR=1</Data>"), &[]);
    assert_eq!(data(&found), "MAXDT=15&DR=1");
    assert_eq!(UiOptions::parse(&data(&found)).default_confirm(), Some(true));
    // In WBXML it is a character like any other.
    let wbxml = found.to_wbxml().unwrap();
    assert!(wbxml.windows(13).any(|window| window == b"MAXDT=15&DR=1"));
    assert_eq!(Message::parse(&wbxml).unwrap(), found);
}

#[test]
fn b17_no_commands() {
    for body in ["<SyncBody></SyncBody>", "<SyncBody/>", "<SyncBody>\n<!-- none --></SyncBody>"] {
        let text = msg("").replace("<SyncBody><Final/></SyncBody>", body);
        let found = message(&text, &[]);
        assert!(found.commands.is_empty() && !found.is_final, "{body}");
    }
    let closing = STATUS.replace('#', "1").replace(">1</CmdRef><Cmd>Get", ">0</CmdRef><Cmd>SyncHdr");
    assert!(message(&msg(&closing), &[]).is_final);
}

#[test]
fn b18_foreign_attributes() {
    let text = msg("‸<Get a=\"1\">‸<CmdID xml:lang='en'>1</CmdID><Item/></Get>");
    let found = message(&text, &[DeviationKind::UnknownAttribute; 2]);
    assert_eq!(found.commands[0].cmd_id().unwrap(), &"1");
    // One for each of them.
    message(&msg("‸‸<Get a=\"1\" b='2'><CmdID>1</CmdID><Item/></Get>"), &[DeviationKind::UnknownAttribute; 2]);
    // Of Data they are kept.
    let found = message(
        &with_item("‸<Data x=\"1\" xmlns:m=\"urn:m\" m:originalerror=\"0x86000002\">1</Data>"),
        &[DeviationKind::UnknownAttribute],
    );
    let data = notes::item(&found).data.as_ref().unwrap();
    assert_eq!(data.attributes.len(), 2);
    assert_eq!((data.attributes[0].name.as_str(), data.attributes[0].value.as_str()), ("x", "1"));
    assert_eq!(data.attributes[1].namespace, "urn:m");
    assert_eq!(data.original_error().unwrap().code, Some(0x8600_0002));
}

#[test]
fn the_sample_of_the_section() {
    let text = "‸<SyncBody><Replace><!-- made by x --><CmdID>7f0c-block</CmdID><Item><Meta/>‸‸<Type>a.b/c</Type>\
        ‸<Target><LocURI>‸ ./Vendor/X </LocURI></Target></Item></Replace>\
        <Atomic><CmdID>9</CmdID>‸<Get><CmdID>10</CmdID><Item/></Get></Atomic></SyncBody>";
    let found: Fragment<'_> = fragment(
        text,
        &[
            DeviationKind::NamespaceAbsent,
            DeviationKind::MetaOutsideMeta,
            DeviationKind::NamespaceOther,
            DeviationKind::Order,
            DeviationKind::Padding,
            DeviationKind::Nesting,
        ],
    );
    assert_eq!(found.commands[0].items()[0].target_uri().unwrap(), &"./Vendor/X");
    // Written again it is in order.
    let mut wire = Vec::new();
    found.encode_xml(&XmlOptions::DEFAULT.with_strictness(dm_syncml::Strictness::Lenient), &mut wire).unwrap();
    assert_eq!(Fragment::parse(&wire).unwrap(), found);
}
