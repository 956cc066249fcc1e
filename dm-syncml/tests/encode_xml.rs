//! The examples of the reference, built by hand and compared character by character; what the encoder refuses; what it
//! leaves behind when it does.

#![cfg(feature = "xml")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

use dm_syncml::{
    Alert, AlertCode, Chal, Command, CommandName, Container, Content, Cred, Data, Declaration, Element, ErrorKind,
    Format, Fragment, FragmentRoot, Item, Location, Mark, Markup, Message, Meta, MsgId, Name, Namespace, Operation,
    Page, Results, SliceSink, Status, StatusCode, Str, Strictness, SyncHdr, Tag, XmlOptions,
};

const SERVER: &str = "https://dm.example.net/oma";
const DEVICE: &str = "IMEI:352099001761481";
const METINF: &str = "xmlns=\"syncml:metinf\"";

/// White space between tags taken out, as in the canonical form.
fn compact(pretty: &str) -> String {
    pretty.lines().map(str::trim_start).collect()
}

fn header_to_server(msg_id: &'static str) -> SyncHdr<'static> {
    SyncHdr::new("2F", msg_id, Location::new(SERVER), Location::new(DEVICE))
}

fn header_to_device(msg_id: &'static str) -> SyncHdr<'static> {
    SyncHdr::new("2F", msg_id, Location::new(DEVICE), Location::new(SERVER))
}

fn status(
    cmd_id: &'static str,
    msg_ref: &'static str,
    cmd_ref: &'static str,
    cmd: &'static str,
    code: u32,
) -> Status<'static> {
    Status::new(cmd_id, msg_ref, cmd_ref, cmd, StatusCode::new(code))
}

fn commands(commands: Vec<Command<'static>>) -> Fragment<'static> {
    Fragment { commands, ..Fragment::default() }
}

fn xml(message: &Message<'_>) -> String {
    String::from_utf8(message.to_xml().unwrap()).unwrap()
}

/// With what the model has no place for.
fn xml_as_received(message: &Message<'_>) -> String {
    let mut out = Vec::new();
    message.encode_xml(&LENIENT, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const LENIENT: XmlOptions = XmlOptions::DEFAULT.with_strictness(Strictness::Lenient);

fn fragment_xml(fragment: &Fragment<'_>) -> String {
    String::from_utf8(fragment.to_xml().unwrap()).unwrap()
}

fn expected_message(msg_id: &str, target: &str, source: &str, more: &str, body: &str) -> String {
    compact(&format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
        <SyncML xmlns="SYNCML:SYNCML1.2">
          <SyncHdr>
            <VerDTD>1.2</VerDTD>
            <VerProto>DM/1.2</VerProto>
            <SessionID>2F</SessionID>
            <MsgID>{msg_id}</MsgID>
            <Target><LocURI>{target}</LocURI></Target>
            <Source><LocURI>{source}</LocURI>{more}
          </SyncHdr>
          <SyncBody>{body}
            <Final/>
          </SyncBody>
        </SyncML>"#
    ))
}

#[test]
fn example_10_1_package_1() {
    let mut header = header_to_server("1")
        .with_cred(Cred::new("syncml:auth-md5", "EmVxzgbUMshIoWq4Bngu8Q=="))
        .with_meta(Meta::new().with_max_msg_size(16384).with_max_obj_size(262_144));
    header.source = Location::new(DEVICE).with_name("dev-0042");
    let leaf = |uri: &'static str, value: &'static str| Item::source(uri).with_data(value);
    let message = Message::new(header)
        .with_command(Command::Alert(Alert::new("1", AlertCode::CLIENT_INITIATED)))
        .with_command(Command::Replace(
            Operation::new("2")
                .with_item(leaf("./DevInfo/DevId", DEVICE))
                .with_item(leaf("./DevInfo/Man", "Example & Sons"))
                .with_item(leaf("./DevInfo/Mod", "E-100"))
                .with_item(leaf("./DevInfo/DmV", "1.2"))
                .with_item(leaf("./DevInfo/Lang", "en")),
        ))
        .with_final();
    let more = format!(
        r#"<LocName>dev-0042</LocName></Source>
        <Cred>
          <Meta>
            <Format {METINF}>b64</Format>
            <Type {METINF}>syncml:auth-md5</Type>
          </Meta>
          <Data>EmVxzgbUMshIoWq4Bngu8Q==</Data>
        </Cred>
        <Meta>
          <MaxMsgSize {METINF}>16384</MaxMsgSize>
          <MaxObjSize {METINF}>262144</MaxObjSize>
        </Meta>"#
    );
    let body = r"
        <Alert>
          <CmdID>1</CmdID>
          <Data>1201</Data>
        </Alert>
        <Replace>
          <CmdID>2</CmdID>
          <Item>
            <Source><LocURI>./DevInfo/DevId</LocURI></Source>
            <Data>IMEI:352099001761481</Data>
          </Item>
          <Item>
            <Source><LocURI>./DevInfo/Man</LocURI></Source>
            <Data>Example &amp; Sons</Data>
          </Item>
          <Item>
            <Source><LocURI>./DevInfo/Mod</LocURI></Source>
            <Data>E-100</Data>
          </Item>
          <Item>
            <Source><LocURI>./DevInfo/DmV</LocURI></Source>
            <Data>1.2</Data>
          </Item>
          <Item>
            <Source><LocURI>./DevInfo/Lang</LocURI></Source>
            <Data>en</Data>
          </Item>
        </Replace>";
    assert_eq!(xml(&message), expected_message("1", SERVER, DEVICE, &more, body));
}

#[test]
fn example_10_2_challenge() {
    let chal = Chal::new("syncml:auth-md5").with_next_nonce("WhfCDptE8ag9ZgK34VUMmQ==");
    let first = status("1", "1", "0", "SyncHdr", 401).with_target_ref(SERVER).with_source_ref(DEVICE).with_chal(chal);
    let message = Message::new(header_to_device("1"))
        .with_command(Command::Status(first))
        .with_command(Command::Status(status("2", "1", "1", "Alert", 401)))
        .with_command(Command::Status(status("3", "1", "2", "Replace", 401)))
        .with_final();
    let body = format!(
        r"
        <Status>
          <CmdID>1</CmdID>
          <MsgRef>1</MsgRef>
          <CmdRef>0</CmdRef>
          <Cmd>SyncHdr</Cmd>
          <TargetRef>https://dm.example.net/oma</TargetRef>
          <SourceRef>IMEI:352099001761481</SourceRef>
          <Chal>
            <Meta>
              <Format {METINF}>b64</Format>
              <Type {METINF}>syncml:auth-md5</Type>
              <NextNonce {METINF}>WhfCDptE8ag9ZgK34VUMmQ==</NextNonce>
            </Meta>
          </Chal>
          <Data>401</Data>
        </Status>
        <Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Alert</Cmd><Data>401</Data></Status>
        <Status><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Replace</Cmd><Data>401</Data></Status>"
    );
    assert_eq!(xml(&message), expected_message("1", DEVICE, SERVER, "</Source>", &body));
}

#[test]
fn example_10_3_package_2() {
    let chal = Chal::new("syncml:auth-md5").with_next_nonce("AP8Qqju5xNJ+AY1VM/DmtA==");
    let confirm = Alert::new("5", AlertCode::CONFIRM)
        .with_item(Item::data("MAXDT=60&DR=1"))
        .with_item(Item::data("Switch to the new mail server?"));
    let replace = Operation::new("6").with_item(Item::target("./Accounts/Mail/Host").with_data("mx2.example.net"));
    let sequence = Container::new("4").with_command(Command::Alert(confirm)).with_command(Command::Replace(replace));
    let message = Message::new(header_to_device("2"))
        .with_command(Command::Status(status("1", "2", "0", "SyncHdr", 212).with_chal(chal)))
        .with_command(Command::Status(status("2", "2", "1", "Alert", 200)))
        .with_command(Command::Status(status("3", "2", "2", "Replace", 200)))
        .with_command(Command::Sequence(sequence))
        .with_command(Command::Get(
            Operation::new("7").with_item(Item::target("./DevDetail/SwV")).with_item(Item::target("./Accounts")),
        ))
        .with_command(Command::Exec(
            Operation::new("8")
                .with_correlator("job-7731")
                .with_item(Item::target("./Vendor/Diag/Start").with_data("level=3")),
        ))
        .with_final();
    let body = format!(
        r"
        <Status>
          <CmdID>1</CmdID>
          <MsgRef>2</MsgRef>
          <CmdRef>0</CmdRef>
          <Cmd>SyncHdr</Cmd>
          <Chal>
            <Meta>
              <Format {METINF}>b64</Format>
              <Type {METINF}>syncml:auth-md5</Type>
              <NextNonce {METINF}>AP8Qqju5xNJ+AY1VM/DmtA==</NextNonce>
            </Meta>
          </Chal>
          <Data>212</Data>
        </Status>
        <Status><CmdID>2</CmdID><MsgRef>2</MsgRef><CmdRef>1</CmdRef><Cmd>Alert</Cmd><Data>200</Data></Status>
        <Status><CmdID>3</CmdID><MsgRef>2</MsgRef><CmdRef>2</CmdRef><Cmd>Replace</Cmd><Data>200</Data></Status>
        <Sequence>
          <CmdID>4</CmdID>
          <Alert>
            <CmdID>5</CmdID>
            <Data>1101</Data>
            <Item><Data>MAXDT=60&amp;DR=1</Data></Item>
            <Item><Data>Switch to the new mail server?</Data></Item>
          </Alert>
          <Replace>
            <CmdID>6</CmdID>
            <Item>
              <Target><LocURI>./Accounts/Mail/Host</LocURI></Target>
              <Data>mx2.example.net</Data>
            </Item>
          </Replace>
        </Sequence>
        <Get>
          <CmdID>7</CmdID>
          <Item><Target><LocURI>./DevDetail/SwV</LocURI></Target></Item>
          <Item><Target><LocURI>./Accounts</LocURI></Target></Item>
        </Get>
        <Exec>
          <CmdID>8</CmdID>
          <Correlator>job-7731</Correlator>
          <Item>
            <Target><LocURI>./Vendor/Diag/Start</LocURI></Target>
            <Data>level=3</Data>
          </Item>
        </Exec>"
    );
    assert_eq!(xml(&message), expected_message("2", DEVICE, SERVER, "</Source>", &body));
}

#[test]
fn example_10_4_package_3() {
    let results = Results::new("6", "2", "7")
        .with_item(Item::source("./DevDetail/SwV").with_data("4.1.0-r7"))
        .with_item(Item::source("./Accounts").with_meta(Meta::new().with_format(Format::Node)).with_data("Mail/Sync"));
    let message = Message::new(header_to_server("3"))
        .with_command(Command::Status(status("1", "2", "0", "SyncHdr", 200)))
        .with_command(Command::Status(status("2", "2", "4", "Sequence", 200)))
        .with_command(Command::Status(status("3", "2", "5", "Alert", 200)))
        .with_command(Command::Status(status("4", "2", "6", "Replace", 200).with_target_ref("./Accounts/Mail/Host")))
        .with_command(Command::Status(status("5", "2", "7", "Get", 200)))
        .with_command(Command::Results(results))
        .with_command(Command::Status(status("7", "2", "8", "Exec", 202).with_target_ref("./Vendor/Diag/Start")))
        .with_final();
    let body = format!(
        r"
        <Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>
        <Status><CmdID>2</CmdID><MsgRef>2</MsgRef><CmdRef>4</CmdRef><Cmd>Sequence</Cmd><Data>200</Data></Status>
        <Status><CmdID>3</CmdID><MsgRef>2</MsgRef><CmdRef>5</CmdRef><Cmd>Alert</Cmd><Data>200</Data></Status>
        <Status><CmdID>4</CmdID><MsgRef>2</MsgRef><CmdRef>6</CmdRef><Cmd>Replace</Cmd>
        <TargetRef>./Accounts/Mail/Host</TargetRef><Data>200</Data></Status>
        <Status><CmdID>5</CmdID><MsgRef>2</MsgRef><CmdRef>7</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>
        <Results>
          <CmdID>6</CmdID>
          <MsgRef>2</MsgRef>
          <CmdRef>7</CmdRef>
          <Item>
            <Source><LocURI>./DevDetail/SwV</LocURI></Source>
            <Data>4.1.0-r7</Data>
          </Item>
          <Item>
            <Source><LocURI>./Accounts</LocURI></Source>
            <Meta><Format {METINF}>node</Format></Meta>
            <Data>Mail/Sync</Data>
          </Item>
        </Results>
        <Status><CmdID>7</CmdID><MsgRef>2</MsgRef><CmdRef>8</CmdRef><Cmd>Exec</Cmd>
        <TargetRef>./Vendor/Diag/Start</TargetRef><Data>202</Data></Status>"
    );
    assert_eq!(xml(&message), expected_message("3", SERVER, DEVICE, "</Source>", &body));
}

#[test]
fn example_10_5_generic_alert() {
    let meta = Meta::new()
        .with_format(Format::Int)
        .with_type("Reversed-Domain-Name: net.example.diag.done")
        .with_mark(Mark::Warning);
    let alert = Alert::new("3", AlertCode::GENERIC_ALERT)
        .with_correlator("job-7731")
        .with_item(Item::source("./Vendor/Diag").with_meta(meta).with_data("204"));
    let expected = format!(
        r"<Alert>
          <CmdID>3</CmdID>
          <Data>1226</Data>
          <Correlator>job-7731</Correlator>
          <Item>
            <Source><LocURI>./Vendor/Diag</LocURI></Source>
            <Meta>
              <Format {METINF}>int</Format>
              <Type {METINF}>Reversed-Domain-Name: net.example.diag.done</Type>
              <Mark {METINF}>warning</Mark>
            </Meta>
            <Data>204</Data>
          </Item>
        </Alert>"
    );
    assert_eq!(fragment_xml(&commands(vec![Command::Alert(alert)])), compact(&expected));
}

#[test]
fn example_10_6_large_object() {
    let logo = |meta: Meta<'static>, data: &'static str| Item::target("./Vendor/Logo").with_meta(meta).with_data(data);
    let meta = || Meta::new().with_format(Format::B64).with_type("image/png");
    let first = Operation::new("2").with_item(logo(meta().with_size(12), "AAE8Jv/+").with_more_data());
    let expected = format!(
        r"<Replace>
          <CmdID>2</CmdID>
          <Item>
            <Target><LocURI>./Vendor/Logo</LocURI></Target>
            <Meta>
              <Format {METINF}>b64</Format>
              <Type {METINF}>image/png</Type>
              <Size {METINF}>12</Size>
            </Meta>
            <Data>AAE8Jv/+</Data>
            <MoreData/>
          </Item>
        </Replace>"
    );
    assert_eq!(fragment_xml(&commands(vec![Command::Replace(first)])), compact(&expected));

    let answer = commands(vec![
        Command::Status(status("1", "4", "0", "SyncHdr", 200)),
        Command::Status(status("2", "4", "2", "Replace", 213).with_target_ref("./Vendor/Logo")),
        Command::Alert(Alert::new("3", AlertCode::NEXT_MESSAGE)),
    ]);
    let expected = "<Status><CmdID>1</CmdID><MsgRef>4</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>\
        <Status><CmdID>2</CmdID><MsgRef>4</MsgRef><CmdRef>2</CmdRef><Cmd>Replace</Cmd><TargetRef>./Vendor/Logo</TargetRef><Data>213</Data></Status>\
        <Alert><CmdID>3</CmdID><Data>1222</Data></Alert>";
    assert_eq!(fragment_xml(&answer), expected);

    let mut last = commands(vec![
        Command::Status(status("1", "5", "0", "SyncHdr", 200)),
        Command::Replace(Operation::new("3").with_item(logo(meta(), "DQo="))),
    ]);
    last.is_final = true;
    let expected = format!(
        r"<Status><CmdID>1</CmdID><MsgRef>5</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>
        <Replace>
          <CmdID>3</CmdID>
          <Item>
            <Target><LocURI>./Vendor/Logo</LocURI></Target>
            <Meta>
              <Format {METINF}>b64</Format>
              <Type {METINF}>image/png</Type>
            </Meta>
            <Data>DQo=</Data>
          </Item>
        </Replace>
        <Final/>"
    );
    assert_eq!(fragment_xml(&last), compact(&expected));
}

#[test]
fn example_10_7_failed_atomic() {
    let delete = Operation::new("11").with_item(Item::target("./Accounts/Old"));
    let add = Operation::new("12")
        .with_meta(Meta::new().with_format(Format::Node))
        .with_item(Item::target("./Accounts/Mail"));
    let atomic = Container::new("10").with_command(Command::Delete(delete)).with_command(Command::Add(add));
    let expected = format!(
        r"<Atomic>
          <CmdID>10</CmdID>
          <Delete>
            <CmdID>11</CmdID>
            <Item><Target><LocURI>./Accounts/Old</LocURI></Target></Item>
          </Delete>
          <Add>
            <CmdID>12</CmdID>
            <Meta><Format {METINF}>node</Format></Meta>
            <Item><Target><LocURI>./Accounts/Mail</LocURI></Target></Item>
          </Add>
        </Atomic>"
    );
    assert_eq!(fragment_xml(&commands(vec![Command::Atomic(atomic)])), compact(&expected));
}

fn ddf(name: &str) -> Name<'static> {
    Name::Known(Tag::by_name(Page::DmDdf, name).unwrap())
}

fn with_child(name: &str, child: Element<'static>) -> Element<'static> {
    let mut parent = Element::new(ddf(name));
    parent.push(child);
    parent
}

/// The tree of example 10.8.
fn mgmt_tree() -> Element<'static> {
    let mut port = Element::new(ddf("Node"));
    port.push(Element::with_text(ddf("NodeName"), "Port"));
    let mut properties = with_child("RTProperties", with_child("Format", Element::new(ddf("int"))));
    properties.push(with_child("Type", Element::with_text(ddf("MIME"), "text/plain")));
    port.push(properties);
    port.push(Element::with_text(ddf("Value"), "993"));
    let mut mail = Element::new(ddf("Node"));
    mail.push(Element::with_text(ddf("NodeName"), "Mail"));
    let mut properties = with_child("RTProperties", with_child("Format", Element::new(ddf("node"))));
    properties.push(with_child("Type", Element::with_text(ddf("DDFName"), "net.example.dm/1.0/Mail")));
    mail.push(properties);
    mail.push(port);
    let mut tree = Element::new(ddf("MgmtTree"));
    tree.push(Element::with_text(ddf("VerDTD"), "1.2"));
    tree.push(mail);
    tree
}

const MGMT_TREE: &str = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD><Node><NodeName>Mail</NodeName>\
    <RTProperties><Format><node/></Format><Type><DDFName>net.example.dm/1.0/Mail</DDFName></Type></RTProperties>\
    <Node><NodeName>Port</NodeName><RTProperties><Format><int/></Format><Type><MIME>text/plain</MIME></Type>\
    </RTProperties><Value>993</Value></Node></Node></MgmtTree>";

fn tnds_add(data: Data<'static>) -> Fragment<'static> {
    let meta = Meta::new().with_format(Format::Xml).with_type("application/vnd.syncml.dmtnds+xml");
    let item = Item::target("./Accounts").with_meta(meta).with_data(data);
    commands(vec![Command::Add(Operation::new("2").with_item(item))])
}

fn tnds_expected(data: &str) -> String {
    format!(
        "<Add><CmdID>2</CmdID><Item><Target><LocURI>./Accounts</LocURI></Target><Meta><Format {METINF}>xml</Format>\
         <Type {METINF}>application/vnd.syncml.dmtnds+xml</Type></Meta><Data>{data}</Data></Item></Add>"
    )
}

#[test]
fn example_10_8_tnds_as_elements_and_as_text() {
    assert_eq!(mgmt_tree().to_xml().unwrap(), MGMT_TREE);
    assert_eq!(fragment_xml(&tnds_add(Data::element(mgmt_tree()))), tnds_expected(MGMT_TREE));
    let text = mgmt_tree().to_xml().unwrap();
    let escaped = MGMT_TREE.replace('<', "&lt;").replace('>', "&gt;");
    assert_eq!(fragment_xml(&tnds_add(Data::text(text))), tnds_expected(&escaped));
}

#[test]
fn example_10_9_queries() {
    let get = |id: &'static str, uri: &'static str| Command::Get(Operation::new(id).with_item(Item::target(uri)));
    let gets = commands(vec![get("3", "./Accounts/Mail?prop=ACL"), get("4", "./Accounts?list=Struct")]);
    assert_eq!(
        fragment_xml(&gets),
        "<Get><CmdID>3</CmdID><Item><Target><LocURI>./Accounts/Mail?prop=ACL</LocURI></Target></Item></Get>\
         <Get><CmdID>4</CmdID><Item><Target><LocURI>./Accounts?list=Struct</LocURI></Target></Item></Get>"
    );
    let node = || Meta::new().with_format(Format::Node);
    let results = commands(vec![
        Command::Results(Results::new("5", "7", "3").with_item(Item::source("./Accounts/Mail?prop=ACL").with_data(""))),
        Command::Results(
            Results::new("6", "7", "4")
                .with_item(Item::source("./Accounts").with_meta(node()))
                .with_item(Item::source("./Accounts/Mail").with_meta(node().with_type("net.example.dm/1.0/Mail")))
                .with_item(Item::source("./Accounts/Mail/Port").with_meta(Meta::new().with_format(Format::Int))),
        ),
    ]);
    let expected = format!(
        r"<Results>
          <CmdID>5</CmdID>
          <MsgRef>7</MsgRef>
          <CmdRef>3</CmdRef>
          <Item>
            <Source><LocURI>./Accounts/Mail?prop=ACL</LocURI></Source>
            <Data/>
          </Item>
        </Results>
        <Results>
          <CmdID>6</CmdID>
          <MsgRef>7</MsgRef>
          <CmdRef>4</CmdRef>
          <Item>
            <Source><LocURI>./Accounts</LocURI></Source>
            <Meta><Format {METINF}>node</Format></Meta>
          </Item>
          <Item>
            <Source><LocURI>./Accounts/Mail</LocURI></Source>
            <Meta><Format {METINF}>node</Format><Type {METINF}>net.example.dm/1.0/Mail</Type></Meta>
          </Item>
          <Item>
            <Source><LocURI>./Accounts/Mail/Port</LocURI></Source>
            <Meta><Format {METINF}>int</Format></Meta>
          </Item>
        </Results>"
    );
    assert_eq!(fragment_xml(&results), compact(&expected));
}

#[test]
fn example_10_10_abort() {
    let message = Message::new(header_to_server("9"))
        .with_command(Command::Status(status("1", "8", "0", "SyncHdr", 200)))
        .with_command(Command::Alert(Alert::new("2", AlertCode::SESSION_ABORT)))
        .with_final();
    let body = "
        <Status><CmdID>1</CmdID><MsgRef>8</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>
        <Alert>
          <CmdID>2</CmdID>
          <Data>1223</Data>
        </Alert>";
    assert_eq!(xml(&message), expected_message("9", SERVER, DEVICE, "</Source>", body));
    let report = Alert::new("4", AlertCode::NO_END_OF_DATA).with_item(Item::target("./Vendor/Logo"));
    assert_eq!(
        fragment_xml(&commands(vec![Command::Alert(report)])),
        "<Alert><CmdID>4</CmdID><Data>1225</Data><Item><Target><LocURI>./Vendor/Logo</LocURI></Target></Item></Alert>"
    );
}

// ---------------------------------------------------------------------------------------------------------------------

fn get(id: &'static str) -> Command<'static> {
    Command::Get(Operation::new(id).with_item(Item::target(".")))
}

fn small() -> Message<'static> {
    Message::new(header_to_device("1")).with_command(get("1"))
}

#[test]
fn the_namespace_of_the_peer_and_the_declaration_by_option() {
    let root = |message: &Message<'_>, options: &XmlOptions| {
        let mut out = Vec::new();
        message.encode_xml(options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text[..text.find("<SyncHdr>").unwrap()].to_owned()
    };
    let bare = XmlOptions::DEFAULT.with_declaration(false);
    assert_eq!(root(&small(), &bare), "<SyncML xmlns=\"SYNCML:SYNCML1.2\">");
    for (namespace, expected) in [
        (Namespace::SyncMl11, "<SyncML xmlns=\"SYNCML:SYNCML1.1\">"),
        (Namespace::SyncMl10, "<SyncML xmlns=\"SYNCML:SYNCML1.0\">"),
        (Namespace::Absent, "<SyncML>"),
        (Namespace::Other("a\"<b".into()), "<SyncML xmlns=\"a&quot;&lt;b\">"),
    ] {
        assert_eq!(root(&small().with_namespace(namespace), &bare), expected);
    }
    let declared = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\">";
    assert_eq!(root(&small(), &XmlOptions::DEFAULT), declared);
}

#[test]
fn fragments_by_their_root() {
    let mut fragment = commands(vec![get("1")]);
    let body = "<Get><CmdID>1</CmdID><Item><Target><LocURI>.</LocURI></Target></Item></Get>";
    assert_eq!(fragment_xml(&fragment), body);
    fragment.root = FragmentRoot::SyncBody;
    assert_eq!(fragment_xml(&fragment), format!("<SyncBody xmlns=\"SYNCML:SYNCML1.2\">{body}</SyncBody>"));
    fragment.declarations.push(Declaration { prefix: "msft".into(), uri: "urn:x".into() });
    fragment.namespace = Namespace::Absent;
    assert_eq!(fragment_xml(&fragment), format!("<SyncBody xmlns:msft=\"urn:x\">{body}</SyncBody>"));
    fragment.root = FragmentRoot::SyncMl;
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    let expected = format!("{declaration}<SyncML><SyncBody xmlns:msft=\"urn:x\">{body}</SyncBody></SyncML>");
    assert_eq!(fragment_xml(&fragment), expected);
    fragment.root = FragmentRoot::Message;
    assert_eq!(fragment.to_xml().unwrap_err().kind(), ErrorKind::MissingPart);
    fragment.header = Some(header_to_device("1"));
    fragment.declarations.clear();
    fragment.namespace = Namespace::SyncMl12;
    assert_eq!(fragment.to_xml().unwrap(), small().to_xml().unwrap());
    fragment.root = FragmentRoot::Commands;
    assert_eq!(fragment.to_xml().unwrap_err().kind(), ErrorKind::Root);
}

/// One message for each thing that must not be sent, and why.
fn refused() -> Vec<(&'static str, Message<'static>, ErrorKind)> {
    let with = |change: fn(&mut Message<'static>)| {
        let mut message = small();
        change(&mut message);
        message
    };
    let status_with = |change: fn(&mut Status<'static>)| {
        let mut it = status("2", "1", "0", "SyncHdr", 200);
        change(&mut it);
        small().with_command(Command::Status(it))
    };
    let nested = |command: Command<'static>| {
        let inner = Container::new("3").with_command(command);
        small().with_command(Command::Sequence(Container::new("2").with_command(Command::Atomic(inner))))
    };
    let item_meta = |meta: Meta<'static>| {
        small().with_command(Command::Add(Operation::new("2").with_item(Item::target("./A").with_meta(meta))))
    };
    let unknown = || Element::new(Name::Other { namespace: Str::EMPTY, local: "Frob".into() });
    vec![
        ("VerDTD", with(|it| it.header.ver_dtd = Str::EMPTY), ErrorKind::MissingElement),
        ("VerProto", with(|it| it.header.ver_proto = Str::EMPTY), ErrorKind::MissingElement),
        ("SessionID", with(|it| it.header.session_id = "".into()), ErrorKind::MissingElement),
        ("MsgID", with(|it| it.header.msg_id = "".into()), ErrorKind::MissingElement),
        ("MsgID x", with(|it| it.header.msg_id = "x".into()), ErrorKind::NotANumber),
        ("Target", with(|it| it.header.target = Location::default()), ErrorKind::MissingElement),
        ("Source", with(|it| it.header.source = Location::new("").with_name("u")), ErrorKind::MissingElement),
        ("RespURI", with(|it| it.header.resp_uri = Some(Str::EMPTY)), ErrorKind::EmptyElement),
        ("Cred", with(|it| it.header.cred = Some(Cred::default())), ErrorKind::EmptyElement),
        ("CmdID", small().with_command(get("")), ErrorKind::MissingElement),
        ("CmdID nested", nested(get("")), ErrorKind::MissingElement),
        ("CmdID 0", small().with_command(get("0")), ErrorKind::CmdIdZero),
        ("CmdID 0 nested", nested(get("0")), ErrorKind::CmdIdZero),
        ("CmdID twice", small().with_command(get("1")), ErrorKind::CmdIdRepeated),
        ("CmdID twice nested", nested(get("1")), ErrorKind::CmdIdRepeated),
        (
            "CmdID twice, not next to each other",
            small().with_command(get("9")).with_command(get("3")).with_command(get("9")),
            ErrorKind::CmdIdRepeated,
        ),
        ("MsgRef", status_with(|it| it.msg_ref = "".into()), ErrorKind::MissingElement),
        ("CmdRef", status_with(|it| it.cmd_ref = None), ErrorKind::MissingElement),
        ("CmdRef empty", status_with(|it| it.cmd_ref = Some("".into())), ErrorKind::EmptyElement),
        ("Cmd", status_with(|it| it.cmd = None), ErrorKind::MissingElement),
        ("Cmd empty", status_with(|it| it.cmd = Some(CommandName::from(""))), ErrorKind::EmptyElement),
        ("Status Data", status_with(|it| it.data = None), ErrorKind::MissingElement),
        ("Status Data empty", status_with(|it| it.data = Some(Data::text(""))), ErrorKind::EmptyElement),
        ("Status Data text", status_with(|it| it.data = Some(Data::text("OK"))), ErrorKind::Code),
        (
            "Results CmdRef",
            small().with_command(Command::Results({
                let mut results = Results::new("2", "1", "1").with_item(Item::source("."));
                results.cmd_ref = None;
                results
            })),
            ErrorKind::MissingElement,
        ),
        ("Results items", small().with_command(Command::Results(Results::new("2", "1", "1"))), ErrorKind::NoItems),
        (
            "Alert Data",
            small().with_command(Command::Alert({
                let mut alert = Alert::new("2", AlertCode::NEXT_MESSAGE);
                alert.data = None;
                alert
            })),
            ErrorKind::MissingElement,
        ),
        ("items", small().with_command(Command::Delete(Operation::new("2"))), ErrorKind::NoItems),
        ("commands", small().with_command(Command::Atomic(Container::new("2"))), ErrorKind::NoCommands),
        ("commands nested", nested(Command::Sequence(Container::new("4"))), ErrorKind::NoCommands),
        (
            "LocURI",
            small().with_command(Command::Get(Operation::new("2").with_item(Item::target("")))),
            ErrorKind::EmptyElement,
        ),
        (
            "Correlator",
            small().with_command(Command::Get(Operation::new("2").with_correlator("c").with_item(Item::target(".")))),
            ErrorKind::UnknownElement,
        ),
        ("Format", item_meta(Meta::new().with_format(Format::from(""))), ErrorKind::EmptyElement),
        ("Type", item_meta(Meta::new().with_type("")), ErrorKind::EmptyElement),
        ("Mark", item_meta(Meta::new().with_mark(Mark::from(""))), ErrorKind::EmptyElement),
        (
            "Ds",
            small().with_command(Command::Ds(Element::new(Name::Known(Tag::by_name(Page::SyncMl, "Sync").unwrap())))),
            ErrorKind::DsCommand,
        ),
        ("Unknown", small().with_command(Command::Unknown(unknown())), ErrorKind::UnknownCommand),
        ("Unknown nested", nested(Command::Unknown(unknown())), ErrorKind::UnknownCommand),
    ]
}

#[test]
fn what_must_not_be_sent_is_refused_and_the_sink_is_as_it_was() {
    for (name, message, kind) in refused() {
        let mut out = b"kept".to_vec();
        let error = message.encode_xml(&XmlOptions::DEFAULT, &mut out).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}");
        assert_eq!(out, b"kept", "{name}");
        assert_eq!(message.xml_len(&XmlOptions::DEFAULT), Err(error), "{name}");
        // As received it can be written.
        let lenient = XmlOptions::DEFAULT.with_strictness(Strictness::Lenient);
        message.encode_xml(&lenient, &mut out).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(out.len() - 4, message.xml_len(&lenient).unwrap(), "{name}");
    }
}

#[test]
fn the_offset_is_what_was_written() {
    let error = small().with_command(get("1")).to_xml().unwrap_err();
    let whole = xml(&small());
    let before = whole.find("</SyncBody>").unwrap();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::CmdIdRepeated, before));
    let mut out = vec![0; 1000];
    assert_eq!(small().with_command(get("1")).encode_xml(&XmlOptions::DEFAULT, &mut out), Err(error));
}

#[test]
fn ids_of_any_kind_in_any_order() {
    let ids = ["3", "1", "10", "2", "7f0c-4e", "7f0c-4d", "01", "00", "zz", "A", "a"];
    let message =
        ids.into_iter().fold(Message::new(header_to_device("1")), |message, id| message.with_command(get(id)));
    assert!(message.to_xml().is_ok());
    for id in ids {
        let error = message.clone().with_command(get(id)).to_xml().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CmdIdRepeated, "{id}");
    }
}

#[test]
fn a_slice_that_ends_too_early_is_left_as_it_was() {
    let whole = small().to_xml().unwrap();
    for len in 0..whole.len() {
        let mut buffer = vec![0; len];
        let mut sink = SliceSink::new(&mut buffer);
        let error = small().encode_xml(&XmlOptions::DEFAULT, &mut sink).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BufferTooSmall);
        assert!(error.offset() <= len);
        assert_eq!(sink.written(), b"");
    }
    let mut buffer = vec![0; whole.len()];
    let mut sink = SliceSink::new(&mut buffer);
    small().encode_xml(&XmlOptions::DEFAULT, &mut sink).unwrap();
    assert_eq!(sink.written(), whole);
    assert_eq!(small().xml_len(&XmlOptions::DEFAULT), Ok(whole.len()));
}

#[test]
fn lenient_leaves_out_what_is_missing() {
    let lenient = XmlOptions::DEFAULT.with_declaration(false).with_strictness(Strictness::Lenient);
    let mut out = Vec::new();
    Message::default().encode_xml(&lenient, &mut out).unwrap();
    assert_eq!(out, b"<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr></SyncHdr><SyncBody></SyncBody></SyncML>");
    let mut fragment = commands(vec![Command::Status(Status::default()), Command::Alert(Alert::default())]);
    fragment.commands.push(Command::Results(Results::default()));
    fragment.commands.push(Command::Atomic(Container::default()));
    let mut out = Vec::new();
    fragment.encode_xml(&lenient, &mut out).unwrap();
    assert_eq!(out, b"<Status></Status><Alert></Alert><Results></Results><Atomic></Atomic>");
}

fn data_xml(data: Data<'static>) -> Result<String, ErrorKind> {
    let fragment = commands(vec![Command::Add(Operation::new("1").with_item(Item::new().with_data(data)))]);
    let xml = fragment.to_xml().map_err(|error| error.kind())?;
    let xml = String::from_utf8(xml).unwrap();
    let inner = xml.strip_prefix("<Add><CmdID>1</CmdID><Item>").unwrap().strip_suffix("</Item></Add>").unwrap();
    Ok(inner.to_owned())
}

#[test]
fn texts_are_escaped_and_bytes_are_text_or_refused() {
    for (value, expected) in [
        ("", "<Data/>"),
        ("a<b>&\"'", "<Data>a&lt;b&gt;&amp;\"'</Data>"),
        ("]]>", "<Data>]]&gt;</Data>"),
        ("a\r\nb\tc", "<Data>a&#xD;\nb\tc</Data>"),
        ("\u{F000}\u{FFFD}", "<Data>\u{F000}\u{FFFD}</Data>"),
    ] {
        assert_eq!(data_xml(Data::text(value)).unwrap(), expected);
        assert_eq!(data_xml(Data::opaque(value.as_bytes())).unwrap(), expected);
    }
    for value in ["\0", "a\u{1}b", "\u{FFFE}", "0123456789012345\u{FFFF}"] {
        assert_eq!(data_xml(Data::text(value)), Err(ErrorKind::Character));
        assert_eq!(data_xml(Data::opaque(value.as_bytes())), Err(ErrorKind::NotEncodable));
    }
    assert_eq!(data_xml(Data::opaque(&[0xFF, 0xFE][..])), Err(ErrorKind::NotEncodable));
    let mut message = small();
    message.header.session_id = "a\0".into();
    assert_eq!(message.to_xml().unwrap_err().kind(), ErrorKind::Character);
}

#[test]
fn elements_of_other_namespaces_say_so() {
    let other =
        |namespace: &'static str, local: &'static str| Name::Other { namespace: namespace.into(), local: local.into() };
    let mut outer = Element::new(other("urn:a", "a"));
    outer.push(Element::with_text(other("urn:a", "b"), "1 < 2"));
    outer.push(Element::new(other("", "c")));
    outer.push(Element::new(Name::Known(Tag::by_name(Page::MetInf, "Anchor").unwrap())));
    assert_eq!(
        outer.to_xml().unwrap(),
        "<a xmlns=\"urn:a\"><b>1 &lt; 2</b><c xmlns=\"\"/><Anchor xmlns=\"syncml:metinf\"/></a>"
    );
    // In a message the elements of SyncML are in its namespace, whichever it is.
    let mut message = small().with_namespace(Namespace::SyncMl11);
    message.header.extras.push(Element::new(Name::Known(Tag::by_name(Page::SyncMl, "NoResp").unwrap())));
    message.header.extras.push(Element::new(other("SYNCML:SYNCML1.1", "Own")));
    message.header.extras.push(Element::new(other("", "None")));
    let text = xml_as_received(&message);
    assert!(text.contains("<NoResp/><Own/><None xmlns=\"\"/></SyncHdr>"), "{text}");
}

#[test]
fn names_cannot_break_out_of_a_tag() {
    for local in ["", "a><b", "a b", "1a", "a:b", "a\"", "-", "a/"] {
        let element = Element::new(Name::Other { namespace: Str::EMPTY, local: local.into() });
        assert_eq!(element.to_xml().unwrap_err().kind(), ErrorKind::Syntax, "{local}");
    }
    let token = Element::new(Name::Token { page: 0, token: 0x3F });
    assert_eq!(token.to_xml().unwrap_err().kind(), ErrorKind::NotEncodable);
    for (prefix, uri, kind) in [
        ("a b", "urn:x", ErrorKind::Syntax),
        ("a=\"\" b", "urn:x", ErrorKind::Syntax),
        ("xmlns", "urn:x", ErrorKind::Syntax),
        ("xml", "urn:x", ErrorKind::Syntax),
        ("a", "", ErrorKind::Syntax),
        ("", "urn:x", ErrorKind::NotEncodable),
        ("a", "\0", ErrorKind::Character),
    ] {
        let mut message = small();
        message.declarations.push(Declaration { prefix: prefix.into(), uri: uri.into() });
        assert_eq!(message.to_xml().unwrap_err().kind(), kind, "{prefix}={uri}");
    }
    let mut message = small();
    for _ in 0..2 {
        message.declarations.push(Declaration { prefix: "a".into(), uri: "urn:x".into() });
    }
    assert_eq!(message.to_xml().unwrap_err().kind(), ErrorKind::DuplicateAttribute);
}

fn attribute(namespace: &'static str, name: &'static str, value: &'static str) -> dm_syncml::Attribute<'static> {
    dm_syncml::Attribute { namespace: namespace.into(), name: name.into(), value: value.into() }
}

fn with_attributes(attributes: Vec<dm_syncml::Attribute<'static>>) -> Data<'static> {
    let mut data = Data::text("404");
    data.attributes = attributes.into();
    data
}

#[test]
fn attributes_of_data_with_what_their_prefixes_need() {
    let msft = "urn:msft";
    let cases = [
        (vec![attribute("", "a", "1\t<&\">")], Ok("<Data a=\"1&#x9;&lt;&amp;&quot;&gt;\">404</Data>")),
        (
            vec![attribute(msft, "msft:originalerror", "0x86000002")],
            Ok("<Data xmlns:msft=\"urn:msft\" msft:originalerror=\"0x86000002\">404</Data>"),
        ),
        (vec![attribute("", "xml:space", "preserve")], Ok("<Data xml:space=\"preserve\">404</Data>")),
        (
            vec![attribute("u", "b:x", "1"), attribute("t", "a:x", "2"), attribute("u", "b:y", "3")],
            Ok("<Data xmlns:a=\"t\" xmlns:b=\"u\" b:x=\"1\" a:x=\"2\" b:y=\"3\">404</Data>"),
        ),
        (vec![attribute("", "msft:originalerror", "0x0")], Err(ErrorKind::UnboundPrefix)),
        (vec![attribute("u", "x", "1")], Err(ErrorKind::Syntax)),
        (vec![attribute("u", "xml:x", "1")], Err(ErrorKind::Syntax)),
        (vec![attribute("u", "a:b:c", "1")], Err(ErrorKind::Syntax)),
        (vec![attribute("u", ":c", "1")], Err(ErrorKind::Syntax)),
        (vec![attribute("", "a=\"\" b", "1")], Err(ErrorKind::Syntax)),
        (vec![attribute("", "xmlns", "1")], Err(ErrorKind::Syntax)),
        (vec![attribute("u", "xmlns:a", "1")], Err(ErrorKind::Syntax)),
        (vec![attribute("", "a", "1"), attribute("", "a", "2")], Err(ErrorKind::DuplicateAttribute)),
        (vec![attribute("u", "a:x", "1"), attribute("u", "b:x", "2")], Err(ErrorKind::DuplicateAttribute)),
        (vec![attribute("u", "a:x", "1"), attribute("v", "a:y", "2")], Err(ErrorKind::DuplicateAttribute)),
    ];
    for (attributes, expected) in cases {
        assert_eq!(data_xml(with_attributes(attributes.clone())).as_deref(), expected.as_deref(), "{attributes:?}");
    }
    // Declared on SyncBody it needs no declaration, with another namespace it does.
    let status_with = |namespace| {
        let mut it = status("2", "1", "1", "Get", 404);
        it.data = Some(with_attributes(vec![attribute(namespace, "msft:originalerror", "0x0")]));
        let mut message = small().with_command(Command::Status(it));
        message.declarations.push(Declaration { prefix: "msft".into(), uri: msft.into() });
        let text = xml(&message);
        text[text.find("<Data").unwrap()..text.find(">404").unwrap()].to_owned()
    };
    assert_eq!(status_with(msft), "<Data msft:originalerror=\"0x0\"");
    assert_eq!(status_with(""), "<Data msft:originalerror=\"0x0\"");
    assert_eq!(status_with("urn:y"), "<Data xmlns:msft=\"urn:y\" msft:originalerror=\"0x0\"");
}

#[test]
fn indentation_for_people() {
    let mut message = small().with_final();
    let add = Operation::new("2").with_item(Item::target("./A").with_meta(Meta::new()).with_data(mgmt_tree_data()));
    message.commands.push(Command::Add(add));
    message.header.extras.push(Element::new(Name::Known(Tag::by_name(Page::SyncMl, "NoResp").unwrap())));
    let mut out = Vec::new();
    message.encode_xml(&LENIENT.with_indent(Some(2)), &mut out).unwrap();
    let expected = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<SyncML xmlns=\"SYNCML:SYNCML1.2\">
  <SyncHdr>
    <VerDTD>1.2</VerDTD>
    <VerProto>DM/1.2</VerProto>
    <SessionID>2F</SessionID>
    <MsgID>1</MsgID>
    <Target>
      <LocURI>IMEI:352099001761481</LocURI>
    </Target>
    <Source>
      <LocURI>https://dm.example.net/oma</LocURI>
    </Source>
    <NoResp/>
  </SyncHdr>
  <SyncBody>
    <Get>
      <CmdID>1</CmdID>
      <Item>
        <Target>
          <LocURI>.</LocURI>
        </Target>
      </Item>
    </Get>
    <Add>
      <CmdID>2</CmdID>
      <Item>
        <Target>
          <LocURI>./A</LocURI>
        </Target>
        <Meta/>
        <Data><MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree></Data>
      </Item>
    </Add>
    <Final/>
  </SyncBody>
</SyncML>";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let deep = LENIENT.with_indent(Some(255));
    let mut out = Vec::new();
    message.encode_xml(&deep, &mut out).unwrap();
    assert_eq!(message.xml_len(&deep), Ok(out.len()));
    assert!(String::from_utf8(out).unwrap().contains(&format!("\n{}<VerDTD>", " ".repeat(510))));
}

fn mgmt_tree_data() -> Data<'static> {
    Data::element(with_child("MgmtTree", Element::with_text(ddf("VerDTD"), "1.2")))
}

#[test]
fn containers_may_nest_as_deep_as_somebody_likes() {
    let mut command = get("1");
    for id in 2..2000_u32 {
        command = Command::Sequence(Container::new(MsgId::from_number(id).as_str().to_owned()).with_command(command));
    }
    let message = Message::new(header_to_device("1")).with_command(command);
    let text = xml(&message);
    assert_eq!(text.matches("<Sequence>").count(), 1998);
    assert!(text.contains("</Get></Sequence></Sequence>"));
}

fn markup(xml: &'static str, scope: &[(&'static str, &'static str)]) -> Data<'static> {
    let mut data = Data::text("");
    let scope =
        scope.iter().map(|(prefix, uri)| Declaration { prefix: (*prefix).into(), uri: (*uri).into() }).collect();
    data.content = Content::Markup(Box::new(Markup { xml: xml.into(), scope }));
    data
}

#[test]
fn mark_up_goes_as_it_came_with_the_namespaces_around_it() {
    let xml = " <a x='1'><!-- kept --><b>1 &amp; 2</b>\n</a> ";
    assert_eq!(data_xml(markup(xml, &[])).unwrap(), format!("<Data>{xml}</Data>"));
    assert_eq!(
        data_xml(markup("<p:a/>", &[("p", "urn:p"), ("", "")])).unwrap(),
        "<Data xmlns:p=\"urn:p\" xmlns=\"\"><p:a/></Data>"
    );
    // That would make something else of Data itself.
    assert_eq!(data_xml(markup("<a/>", &[("", "urn:d")])).unwrap_err(), ErrorKind::NotEncodable);
    let mut data = markup("<p:a/>", &[("p", "urn:p")]);
    data.attributes = [attribute("urn:p", "p:x", "1"), attribute("urn:q", "q:x", "1")].into();
    assert_eq!(
        data_xml(data.clone()).unwrap(),
        "<Data xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" p:x=\"1\" q:x=\"1\"><p:a/></Data>"
    );
    // A prefix cannot mean two things on one tag.
    data.attributes = [attribute("urn:other", "p:x", "1")].into();
    assert_eq!(data_xml(data), Err(ErrorKind::DuplicateAttribute));
    // What SyncBody declares counts inside.
    let mut message = small();
    message.declarations.push(Declaration { prefix: "p".into(), uri: "urn:p".into() });
    let item = Item::target("./A").with_data(markup("<p:a/>", &[]));
    message.commands.push(Command::Add(Operation::new("2").with_item(item)));
    assert!(xml_of(&message).contains("<Data><p:a/></Data>"));
}

fn xml_of(message: &Message<'_>) -> String {
    String::from_utf8(message.to_xml().unwrap()).unwrap()
}

#[test]
fn mark_up_cannot_break_out_of_data() {
    for xml in [
        "</Data>",
        "<a/></Data><Data>",
        "<a>",
        "<a></b>",
        "<a",
        "<!--",
        "<![CDATA[",
        "<?xml version='1.0'?><a/>",
        "<!DOCTYPE a><a/>",
        "<a>&nbsp;</a>",
        "<a>\0</a>",
        "<a>]]></a>",
        "<p:a/>",
        "<a b='1' b='2'/>",
    ] {
        assert!(data_xml(markup(xml, &[])).is_err(), "{xml}");
    }
}

/// What only a decoder puts there goes back where it came from, behind what is known.
#[test]
fn elements_of_meta_that_dm_does_not_use_are_written_again() {
    let xml = format!(
        "<Add><CmdID>1</CmdID><Item><Target><LocURI>./A</LocURI></Target><Meta><Format {METINF}>chr</Format>\
         <Version {METINF}>7</Version></Meta><Data>1</Data></Item></Add>"
    );
    let fragment = Fragment::parse(xml.as_bytes()).unwrap();
    let mut out = Vec::new();
    fragment.encode_xml(&LENIENT, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), xml);
    // Of ourselves we do not send it.
    assert_eq!(fragment.to_xml().unwrap_err().kind(), ErrorKind::DsElement);
}

#[test]
fn elements_without_a_place_are_sent_only_as_received() {
    let mut message = small();
    message.header.extras.push(Element::new(Name::Other { namespace: Str::EMPTY, local: "Own".into() }));
    assert_eq!(message.to_xml().unwrap_err().kind(), ErrorKind::UnknownElement);
    assert!(xml_as_received(&message).contains("<Own"));
}
