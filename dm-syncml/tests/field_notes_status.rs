//! Field notes §2.6: Status and Results. Each test is named after its row. Rows about sessions say what the codec must
//! let through.
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
    Command, CommandName, DeviationKind, ErrorKind, Format, Message, Results, Status, StatusCode, child_names,
};
use notes::{message, msg, names, refused};

const HEAD: &str = "<CmdID>3</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef><Cmd>Get</Cmd>";

fn status(children: &str, kinds: &[DeviationKind]) -> Status<'static> {
    let found = message(&msg(&format!("<Status>{children}</Status>")), kinds);
    let Command::Status(status) = found.commands.into_iter().next().unwrap() else { panic!() };
    status
}

fn results(children: &str, kinds: &[DeviationKind]) -> Results<'static> {
    let found = message(&msg(&format!("<Results>{children}</Results>")), kinds);
    let Command::Results(results) = found.commands.into_iter().next().unwrap() else { panic!() };
    results
}

const CHAL: &str = "<Chal><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">\
    syncml:auth-md5</Type><NextNonce xmlns=\"syncml:metinf\">WhfCDptE8ag9ZgK34VUMmQ==</NextNonce></Meta></Chal>";

#[test]
fn s01_the_order_of_oma_and_the_one_printed_by_microsoft() {
    let refs = "<TargetRef>./A</TargetRef><SourceRef>./B</SourceRef>";
    let item = "<Item><Target><LocURI>./A</LocURI></Target></Item>";
    let oma = status(&format!("{HEAD}{refs}{CHAL}<Data>404</Data>{item}"), &[]);
    assert_eq!(oma.target_refs[0], "./A");
    assert_eq!(oma.source_refs[0], "./B");
    let printed = format!("{HEAD}{CHAL}<Data>404</Data>{item}‸<TargetRef>./A</TargetRef>‸<SourceRef>./B</SourceRef>");
    assert_eq!(status(&printed, &[DeviationKind::Order; 2]), oma);
    // Out again in the order of OMA.
    let whole =
        Message::new(dm_syncml::SyncHdr::new("1", "1", dm_syncml::Location::new("a"), dm_syncml::Location::new("b")))
            .with_command(Command::Status(oma));
    let xml = String::from_utf8(whole.to_xml().unwrap()).unwrap();
    assert!(xml.contains(&format!("{HEAD}{refs}{CHAL}<Data>404</Data>{item}")), "{xml}");
    // A ref holds text; a LocURI element in it, as printed, is no text.
    refused(
        &msg(&format!("<Status>{HEAD}<TargetRef>‸<LocURI>./A</LocURI></TargetRef><Data>200</Data></Status>")),
        ErrorKind::UnexpectedElement,
    );
}

#[test]
fn s02_source_ref_before_target_ref() {
    let found = status(
        &format!(
            "{HEAD}<SourceRef>./B</SourceRef>‸<TargetRef>./A</TargetRef>‸<TargetRef>./C</TargetRef><Data>200</Data>"
        ),
        &[DeviationKind::Order; 2],
    );
    assert_eq!((found.target_refs.len(), found.source_refs.len()), (2, 1));
}

#[test]
fn s03_several_answers_to_one_command() {
    let mut body = String::new();
    for (at, code) in ["200", "200", "404", "200", "200"].into_iter().enumerate() {
        body += &format!(
            "<Status><CmdID>{}</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef><Cmd>Get</Cmd><TargetRef>./{at}</TargetRef>\
             <Data>{code}</Data></Status>",
            at + 1
        );
    }
    body += "<Results><CmdID>9</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef><Item><Data>a</Data></Item><Item><Data>b</Data>\
        </Item><Item><Data>c</Data></Item><Item><Data>d</Data></Item></Results>";
    let found = message(&msg(&body), &[]);
    let key = |command: &Command<'_>| match command {
        Command::Status(it) => (
            it.msg_ref.as_str().to_owned(),
            it.cmd_ref.as_ref().unwrap().as_str().to_owned(),
            it.target_refs[0].as_str().to_owned(),
        ),
        _ => panic!(),
    };
    let keys: std::collections::BTreeSet<_> = found.commands[..5].iter().map(key).collect();
    assert_eq!(keys.len(), 5);
    assert_eq!(found.commands[5].items().len(), 4);
}

#[test]
fn s04_no_refs() {
    let found = status(&format!("{HEAD}<Data>200</Data>"), &[]);
    assert!(found.target_refs.is_empty() && found.source_refs.is_empty());
}

#[test]
fn s05_status_and_results_alternate() {
    let one = |id: u32| {
        format!(
            "<Status><CmdID>{id}</CmdID><MsgRef>2</MsgRef><CmdRef>{id}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>"
        )
    };
    let two = |id: u32| {
        format!(
            "<Results><CmdID>{id}</CmdID><MsgRef>2</MsgRef><CmdRef>{id}</CmdRef><Item><Data>1</Data></Item></Results>"
        )
    };
    let found = message(&msg(&(one(1) + &two(2) + &one(3) + &two(4))), &[]);
    assert_eq!(names(&found.commands), ["Status", "Results", "Status", "Results"]);
    let found = message(&msg(&(one(1) + &one(2) + &two(3) + &two(4))), &[]);
    assert_eq!(names(&found.commands), ["Status", "Status", "Results", "Results"]);
}

const RESULT: &str = "<Item><Source><LocURI>./A</LocURI></Source><Data>x</Data></Item>";

#[test]
fn s06_cmd_in_results() {
    let without = results(&format!("<CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef>{RESULT}"), &[]);
    assert_eq!(without.cmd(), None);
    let with = results(&format!("<CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef><Cmd>Get</Cmd>{RESULT}"), &[]);
    assert_eq!(with.cmd(), Some(&CommandName::Get));
}

#[test]
fn s07_results_without_references() {
    let found = results(&format!("<CmdID>1</CmdID><CmdRef>5</CmdRef>{RESULT}"), &[]);
    assert_eq!((found.msg_ref(), found.cmd_ref()), ("1", "5"));
    let text = msg(&format!("‸<Results><CmdID>1</CmdID>{RESULT}</Results>"));
    let found = message(&text, &[DeviationKind::MissingElement]);
    let Command::Results(found) = &found.commands[0] else { panic!() };
    assert_eq!((found.msg_ref(), found.cmd_ref()), ("1", "1"));
    message(&msg("‸<Results><CmdID>1</CmdID><CmdRef>1</CmdRef></Results>"), &[DeviationKind::Incomplete]);
}

#[test]
fn s08_no_format_means_text() {
    let text = msg(&format!("<Results><CmdID>1</CmdID><CmdRef>5</CmdRef>{RESULT}</Results>"));
    let found = message(&text, &[]);
    assert_eq!(found.commands[0].effective_meta(notes::item(&found)).format(), &Format::Chr);
}

#[test]
fn s09_status_of_the_header() {
    let found = status("<CmdID>1</CmdID><MsgRef>0</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>500</Data>", &[]);
    assert!(found.is_for_header());
    assert_eq!((found.msg_ref.number(), found.code()), (Some(0), Some(StatusCode::new(500))));
    // The samples of the standard leave CmdRef out here.
    let found = status("<CmdID>1</CmdID><MsgRef>1</MsgRef><Cmd>SyncHdr</Cmd><Data>200</Data>", &[]);
    assert!(found.is_for_header());
    let text = msg("‸<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><Cmd>Get</Cmd><Data>200</Data></Status>");
    message(&text, &[DeviationKind::MissingElement]);
}

#[test]
fn s10_package_1_again_behind_a_status() {
    let body = "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>\
        <Alert><CmdID>2</CmdID><Data>1201</Data></Alert><Replace><CmdID>3</CmdID><Item><Source><LocURI>./DevInfo/DevId\
        </LocURI></Source><Data>1</Data></Item></Replace>";
    assert_eq!(names(&message(&msg(body), &[]).commands), ["Status", "Alert", "Replace"]);
}

#[test]
fn s11_challenges_with_any_code() {
    for code in ["200", "212", "401", "407"] {
        let found = status(&format!("{HEAD}{CHAL}<Data>{code}</Data>"), &[]);
        let chal = found.chal.as_ref().unwrap();
        assert_eq!(chal.meta.type_(), Some("syncml:auth-md5"));
        assert_eq!(chal.meta.next_nonce().unwrap().decode_base64().unwrap().len(), 16);
    }
    let mac = CHAL.replace("syncml:auth-md5", "syncml:auth-MAC");
    let found = status(&format!("{HEAD}{mac}<Data>212</Data>"), &[]);
    assert_eq!(found.chal.unwrap().meta.type_(), Some("syncml:auth-MAC"));
    refused(&msg(&format!("<Status>{HEAD}{CHAL}‸{CHAL}<Data>212</Data></Status>")), ErrorKind::Duplicate);
    status(&format!("{HEAD}<Chal></Chal>‸<Data>401</Data>"), &[DeviationKind::MissingElement]);
}

#[test]
fn s12_status_of_what_needs_none() {
    for cmd in ["Status", "Results", "Alert", "SyncHdr", "Sequence", "Copy"] {
        let found = status(&format!("{}<Data>200</Data>", HEAD.replace("Get", cmd)), &[]);
        assert!(found.cmd.as_ref().unwrap().is_known(), "{cmd}");
    }
    for cmd in ["Result", "1224", "get"] {
        let found = status(
            &format!("{}<Data>200</Data>", HEAD.replace("Get", &format!("‸{cmd}"))),
            &[DeviationKind::CommandName],
        );
        assert_eq!(found.cmd.unwrap().as_str(), cmd);
    }
}

#[test]
fn s13_the_same_results_again() {
    let text = msg(&format!("<Results><CmdID>7</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef>{RESULT}</Results>"));
    let later = text.replace("<MsgID>2", "<MsgID>3");
    assert_eq!(message(&text, &[]).commands, message(&later, &[]).commands);
}

#[test]
fn s14_unknown_references() {
    let found = status(&format!("{}<Data>200</Data>", HEAD.replace(">5<", ">no-such<")), &[]);
    assert_eq!(found.cmd_ref.unwrap().as_str(), "no-such");
}

#[test]
fn s15_names_of_children() {
    let found = results(
        "<CmdID>1</CmdID><CmdRef>5</CmdRef><Item><Source><LocURI>./A</LocURI></Source><Meta><Format \
         xmlns=\"syncml:metinf\">node</Format></Meta><Data>Mail/My%20Node/%7B1%7D</Data></Item>",
        &[],
    );
    let names: Vec<_> =
        child_names(found.items[0].data.as_ref().unwrap().as_text().unwrap()).map(|name| name.to_string()).collect();
    assert_eq!(names, ["Mail", "My Node", "{1}"]);
}

#[test]
fn s16_codes_are_open() {
    for (code, known) in [("200", true), ("406", true), ("425", true), ("599", false), ("1000", false), ("0", false)] {
        let found = status(&format!("{HEAD}<Data>{code}</Data>"), &[]);
        assert_eq!(found.code().unwrap().to_text(), code);
        assert_eq!(found.code().unwrap().name().is_some(), known, "{code}");
    }
    assert!(StatusCode::new(299).is_success() && StatusCode::new(599).is_recipient_error());
    let found = status(&format!("{HEAD}<Data>‸OK</Data>"), &[DeviationKind::Code]);
    assert_eq!((found.code(), found.data.unwrap().as_text()), (None, Some("OK")));
}

#[test]
fn the_sample_of_the_section() {
    let text = "<CmdID>3</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef><Cmd>Get</Cmd>\n <TargetRef>./A/B</TargetRef>\
        ‸<Data msft:originalerror=\"0x86000002\">404</Data>";
    let found = status(text, &[DeviationKind::PrefixUndeclared]);
    assert_eq!(found.data.unwrap().original_error().unwrap().code, Some(0x8600_0002));
}
