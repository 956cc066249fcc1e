//! Every rule of the Windows profile, with what it finds and what it lets pass.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

use dm_syncml::lint::{self, Finding, Rule, Severity};
use dm_syncml::{
    Alert, AlertCode, Command, CommandName, Container, Data, Element, Format, Fragment, FragmentRoot, Item, Location,
    Message, Meta, Name, Operation, Page, Results, Status, StatusCode, SyncHdr, Tag,
};

fn header() -> SyncHdr<'static> {
    SyncHdr::new("1", "1", Location::new("4D1E"), Location::new("https://mdm.example.net/manage"))
}

fn message() -> Message<'static> {
    Message::new(header()).with_command(Command::Status(Status::new("1", "1", "0", "SyncHdr", StatusCode::OK)))
}

fn get(id: &'static str, uri: &'static str) -> Command<'static> {
    Command::Get(Operation::new(id).with_item(Item::target(uri)))
}

fn add(id: &'static str, uri: &'static str) -> Command<'static> {
    Command::Add(Operation::new(id).with_item(Item::target(uri).with_data("1")))
}

fn replace(id: &'static str, uri: &'static str) -> Command<'static> {
    Command::Replace(Operation::new(id).with_item(Item::target(uri).with_data("1")))
}

fn fragment(commands: Vec<Command<'static>>) -> Fragment<'static> {
    Fragment { commands, ..Fragment::default() }
}

fn found(findings: &[Finding]) -> Vec<(Rule, &str)> {
    findings.iter().map(|finding| (finding.rule, finding.path.as_str())).collect()
}

fn of(command: Command<'static>) -> Vec<(Rule, String)> {
    lint::windows(&fragment(vec![command])).into_iter().map(|finding| (finding.rule, finding.path)).collect()
}

fn rules(command: Command<'static>) -> Vec<Rule> {
    of(command).into_iter().map(|(rule, _)| rule).collect()
}

#[test]
fn a_proper_message_has_no_findings() {
    let atomic = Container::new("3")
        .with_command(add("4", "./Device/Vendor/MSFT/A"))
        .with_command(replace("5", "./Vendor/MSFT/B"))
        .with_command(Command::Delete(Operation::new("6").with_item(Item::target("./Vendor/MSFT/C"))));
    let message = message()
        .with_command(Command::Atomic(atomic))
        .with_command(get("7", "./DevDetail/Ext/Microsoft/LocalTime"))
        .with_command(get("8", "./cimv2/A?list=StructData"))
        .with_command(get("9", "."))
        .with_command(Command::Exec(Operation::new("10").with_item(Item::target("./Vendor/MSFT/Reboot/RebootNow"))))
        .with_final();
    assert_eq!(lint::windows(&message), []);
}

#[test]
fn versions_sizes_and_the_first_status() {
    let mut message = message();
    message.header.ver_dtd = "1.1".into();
    message.header.ver_proto = "DM/1.1".into();
    message.header.meta = Some(Meta::new().with_max_msg_size(8192).with_max_obj_size(1));
    assert_eq!(
        found(&lint::windows(&message)),
        [
            (Rule::VerDtd, "/SyncHdr/VerDTD"),
            (Rule::VerProto, "/SyncHdr/VerProto"),
            (Rule::MaxMsgSize, "/SyncHdr/Meta/MaxMsgSize")
        ]
    );
    message.header = self::header().with_meta(Meta::new().with_max_obj_size(1));
    assert_eq!(lint::windows(&message), []);
    message.commands[0] = get("1", ".");
    assert_eq!(found(&lint::windows(&message)), [(Rule::HeaderStatus, "/SyncBody")]);
    message.commands.clear();
    assert_eq!(found(&lint::windows(&message)), [(Rule::HeaderStatus, "/SyncBody")]);
}

#[test]
fn empty_profile() {
    let mut empty = Fragment::default();
    assert_eq!(found(&lint::windows(&empty)), [(Rule::NoCommands, "/")]);
    empty.root = FragmentRoot::SyncBody;
    assert_eq!(found(&lint::windows(&empty)), [(Rule::NoCommands, "/SyncBody")]);
}

#[test]
fn ids() {
    let nested = Container::new("2").with_command(get("", ".")).with_command(get("1", "."));
    let profile = fragment(vec![
        get("1", "."),
        Command::Sequence(nested),
        get("0", "."),
        get("2", "."),
        get("A", "."),
        get("a", "."),
    ]);
    assert_eq!(
        found(&lint::windows(&profile)),
        [
            (Rule::MissingCmdId, "/Sequence[1]/Get[1]"),
            (Rule::CmdIdRepeated, "/Sequence[1]/Get[2]"),
            (Rule::CmdIdZero, "/Get[2]"),
            (Rule::CmdIdRepeated, "/Get[3]"),
        ]
    );
}

#[test]
fn commands_that_windows_does_not_know() {
    let put = Element::new(Name::Known(Tag::by_name(Page::SyncMl, "Put").unwrap()));
    assert_eq!(of(Command::Ds(put)), [(Rule::UnsupportedCommand, "/Put[1]".into())]);
    let own = Element::new(Name::Other { namespace: "".into(), local: "Own".into() });
    assert_eq!(of(Command::Unknown(own)), [(Rule::UnsupportedCommand, "/Own[1]".into())]);
    let token = Element::new(Name::Token { page: 0, token: 0x3F });
    assert_eq!(of(Command::Unknown(token)), [(Rule::UnsupportedCommand, "/*[1]".into())]);
    let copy = Operation::new("1").with_item(Item::target("./A").with_source("./B"));
    assert_eq!(of(Command::Copy(copy)), [(Rule::UnsupportedCommand, "/Copy[1]".into())]);
    let results = Results::new("1", "1", "1").with_item(Item::source("./A"));
    assert_eq!(of(Command::Results(results)), [(Rule::ResultsFromServer, "/Results[1]".into())]);
    let status = |cmd: CommandName<'static>| Command::Status(Status::new("1", "1", "1", cmd, StatusCode::OK));
    assert_eq!(rules(status(CommandName::Status)), [Rule::StatusForStatus]);
    assert_eq!(rules(status(CommandName::Results)), []);
}

#[test]
fn alerts_and_correlators() {
    for code in 1100..=1104 {
        assert_eq!(rules(Command::Alert(Alert::new("1", AlertCode::new(code)))), [Rule::UserInteraction]);
    }
    for code in [1099, 1105, 1223, 1226] {
        assert_eq!(rules(Command::Alert(Alert::new("1", AlertCode::new(code)))), []);
    }
    let alert = Alert::new("1", AlertCode::NEXT_MESSAGE).with_correlator("c");
    assert_eq!(of(Command::Alert(alert)), [(Rule::Correlator, "/Alert[1]/Correlator".into())]);
    let exec = Operation::new("1").with_correlator("c").with_item(Item::target("./A"));
    assert_eq!(of(Command::Exec(exec)), [(Rule::Correlator, "/Exec[1]/Correlator".into())]);
}

#[test]
fn atomics() {
    let container = |id: &'static str, commands: Vec<Command<'static>>| {
        let mut container = Container::new(id);
        container.commands = commands;
        container
    };
    // At any depth, a Sequence between or not.
    let inner = Command::Atomic(container("3", vec![get("4", "./A")]));
    let outer = container("1", vec![Command::Sequence(container("2", vec![inner])), get("5", "./B")]);
    let mut profile = fragment(vec![get("9", "."), Command::Atomic(Container::new("8").with_command(add("7", "./C")))]);
    profile.commands.push(Command::Atomic(outer));
    profile.root = FragmentRoot::SyncMl;
    assert_eq!(
        found(&lint::windows(&profile)),
        [
            (Rule::AtomicInAtomic, "/SyncBody/Atomic[2]/Sequence[1]/Atomic[1]"),
            (Rule::GetInAtomic, "/SyncBody/Atomic[2]/Sequence[1]/Atomic[1]/Get[1]"),
            (Rule::GetInAtomic, "/SyncBody/Atomic[2]/Get[1]"),
        ]
    );
    // A Get behind an Atomic is not in it, nor one in a Sequence alone.
    let sequence = container("2", vec![Command::Atomic(container("3", vec![add("4", "./A")])), get("5", "./B")]);
    assert_eq!(rules(Command::Sequence(sequence)), []);
    assert_eq!(rules(Command::Atomic(Container::new("1"))), [Rule::EmptyContainer]);
    assert_eq!(rules(Command::Sequence(Container::new("1"))), [Rule::EmptyContainer]);
}

#[test]
fn add_then_replace() {
    let atomic = |commands: Vec<Command<'static>>| {
        let mut container = Container::new("1");
        container.commands = commands;
        Command::Atomic(container)
    };
    for (one, other) in [("./A/B", "./A/B"), ("./A/B", "A/B/"), ("./Device/A", "./A"), (" ./A", "./A")] {
        let found = of(atomic(vec![add("2", one), replace("3", other)]));
        assert_eq!(
            found.last().unwrap(),
            &(Rule::AddThenReplace, "/Atomic[1]/Replace[1]/Item[1]".into()),
            "{one} {other}"
        );
    }
    assert_eq!(rules(atomic(vec![add("2", "./A"), replace("3", "./B")])), []);
    assert_eq!(rules(atomic(vec![replace("2", "./A"), add("3", "./A")])), []);
    // In another Atomic, or in none, it is fine.
    let mut profile = fragment(vec![add("1", "./A"), replace("2", "./A")]);
    profile.commands.push(Command::Atomic(Container::new("3").with_command(add("4", "./B"))));
    profile.commands.push(Command::Atomic(Container::new("5").with_command(replace("6", "./B"))));
    assert_eq!(lint::windows(&profile), []);
}

#[test]
fn addresses() {
    for (uri, expected) in [
        ("./Vendor/MSFT/A", &[][..]),
        ("Vendor/MSFT/A", &[]),
        (".", &[]),
        ("./", &[]),
        ("./A?prop=Type", &[]),
        ("./A?list=Struct", &[]),
        ("./A/.b/c.", &[]),
        ("./Userland/A", &[]),
        ("./Device/User", &[]),
        ("", &[Rule::EmptyLocUri]),
        ("  ", &[Rule::LocUriSpace, Rule::EmptyLocUri]),
        ("/A/B", &[Rule::LeadingSlash]),
        ("./A/./B", &[Rule::DotSegment]),
        ("./A/..", &[Rule::DotSegment]),
        ("../A", &[Rule::DotSegment]),
        ("./A//B", &[Rule::EmptySegment]),
        ("./A/", &[Rule::EmptySegment]),
        ("\n ./A ", &[Rule::LocUriSpace]),
        ("./A?prop=ACL", &[Rule::AclProperty]),
        ("./A?prop=acl", &[Rule::AclProperty]),
        ("./User/Vendor/MSFT/A", &[Rule::UserScope]),
        ("./user/A", &[Rule::UserScope]),
    ] {
        assert_eq!(rules(get("1", uri)), expected, "{uri}");
    }
    assert_eq!(of(get("1", "/A")), [(Rule::LeadingSlash, "/Get[1]/Item[1]/Target/LocURI".into())]);
    assert_eq!(rules(Command::Get(Operation::new("1"))), [Rule::NoItems]);
    let mut two = Operation::new("1").with_item(Item::target("./A"));
    two.items.push(Item::source("./B"));
    assert_eq!(of(Command::Get(two)), [(Rule::MissingTarget, "/Get[1]/Item[2]".into())]);
}

#[test]
fn formats() {
    let with = |format: Format<'static>| {
        let meta = Meta::new().with_format(format);
        Command::Add(Operation::new("1").with_item(Item::target("./A").with_meta(meta).with_data("1")))
    };
    for known in [Format::Chr, Format::B64, Format::Xml, Format::Int, Format::Node, Format::Float] {
        assert_eq!(rules(with(known)), []);
    }
    assert_eq!(of(with(Format::from("string"))), [(Rule::UnknownFormat, "/Add[1]/Item[1]/Meta/Format".into())]);
    assert_eq!(rules(with(Format::Bin)), [Rule::BinaryFormat]);
    let command_meta = Operation::new("1").with_meta(Meta::new().with_format(Format::from("string")));
    let command = Command::Add(command_meta.with_item(Item::target("./A").with_data("1")));
    assert_eq!(of(command), [(Rule::UnknownFormat, "/Add[1]/Meta/Format".into())]);
}

#[cfg(feature = "xml")]
#[test]
fn mark_up_and_cdata() {
    let element = Element::new(Name::Known(Tag::by_name(Page::DmDdf, "MgmtTree").unwrap()));
    let raw = Operation::new("1").with_item(Item::target("./A").with_data(Data::element(element)));
    assert_eq!(of(Command::Add(raw)), [(Rule::RawMarkup, "/Add[1]/Item[1]/Data".into())]);
    let source = |data: &str| {
        format!("<Add><CmdID>1</CmdID><Item><Target><LocURI>./A</LocURI></Target><Data>{data}</Data></Item></Add>")
    };
    for (data, with, without) in [
        ("<![CDATA[<a/>]]>", &[Rule::Cdata][..], &[][..]),
        (" \n<![CDATA[<a/>]]> ", &[Rule::Cdata], &[]),
        ("&lt;![CDATA[&lt;a/>]]&gt;", &[], &[]),
        ("&lt;a/&gt;", &[], &[]),
        ("<a><![CDATA[1]]></a>", &[Rule::RawMarkup], &[Rule::RawMarkup]),
    ] {
        let input = source(data);
        let fragment = Fragment::parse(input.as_bytes()).unwrap();
        let findings = lint::windows_with_source(&fragment, input.as_bytes());
        let rules = |findings: &[Finding]| findings.iter().map(|finding| finding.rule).collect::<Vec<_>>();
        assert_eq!(rules(&findings), with, "{data}");
        assert_eq!(rules(&lint::windows(&fragment)), without, "{data}");
        if let [finding] = &findings[..] {
            assert_eq!(&input[finding.span.range()], data);
        }
    }
}

#[cfg(feature = "xml")]
#[test]
fn spans_are_those_of_the_commands() {
    let input = b"<Get><CmdID>1</CmdID></Get><Copy><CmdID>2</CmdID></Copy>";
    let findings = lint::windows(&Fragment::parse(input).unwrap());
    assert_eq!(found(&findings), [(Rule::NoItems, "/Get[1]"), (Rule::UnsupportedCommand, "/Copy[1]")]);
    assert_eq!(&input[findings[1].span.range()], b"<Copy><CmdID>2</CmdID></Copy>");
}

#[test]
fn every_rule_says_what_why_and_how_bad() {
    let mut words: Vec<String> = Rule::ALL.iter().map(ToString::to_string).collect();
    assert!(words.iter().all(|words| !words.is_empty()));
    words.sort();
    words.dedup();
    assert_eq!(words.len(), Rule::ALL.len());
    assert!(Rule::ALL.iter().all(|rule| !rule.reference().is_empty()));
    assert_eq!(Rule::UserScope.severity(), Severity::Hint);
    assert!(Severity::Error > Severity::Warning && Severity::Warning > Severity::Hint);
    let finding = &lint::windows(&fragment(vec![get("", ".")]))[0];
    assert_eq!(finding.to_string(), "/Get[1]: missing CmdID is answered 400 with an empty CmdRef");
}

#[test]
fn any_depth() {
    let mut command = get("1", ".");
    for _ in 0..2000 {
        command = Command::Atomic(Container::new("").with_command(command));
    }
    let findings = lint::windows(&fragment(vec![command]));
    assert_eq!(findings.iter().filter(|finding| finding.rule == Rule::AtomicInAtomic).count(), 1999);
}
