//! A Windows PC against `dm serve`: its habits as the field notes tell them, its messages as text that is written here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use dm_syncml::{Command, CredentialHash, Message, Nonce, Secret, StatusCode};
use support::{Folder, Running, dm};

const USER: &str = "Bruce2";
const PASSWORD: &str = "OhBehave";
const DEVICE: &str = "7BB6F0E9A1D24C3F8E5A60D71C94B283";
const ORDERS: &str = r#"[
    [{"get": "./DevDetail/SwV"},
     {"get": "./Vendor/MSFT/Example?list=StructData"},
     {"replace": "./Vendor/MSFT/Example/Level", "format": "int", "data": "2"},
     {"atomic": [{"add": "./Vendor/MSFT/Example/Name", "data": "<a> & ]]>"},
                 {"replace": "./Vendor/MSFT/Example/Mode", "format": "int", "data": "1"}]},
     {"copy": "./Vendor/MSFT/Example/Level", "to": "./Vendor/MSFT/Example/Other"},
     {"confirm": "Now?"}],
    [{"exec": "./Vendor/MSFT/Example/Install"}]
]"#;
/// What is left of the first round: Windows has no Copy, and asks no user.
const FIRST_ROUND: [&str; 4] = ["Get", "Get", "Replace", "Atomic"];

/// The simulated PC.
struct Windows {
    address: String,
    password: &'static str,
    session_id: u32,
    msg_id: u32,
    /// What the server issued, and whether credentials go with every message still.
    nonce: Option<Nonce>,
    shows: bool,
    /// Whether it goes on to show them after 212.
    stubborn: bool,
}

/// What the server answered.
struct Answer {
    head: String,
    body: String,
    message: Message<'static>,
}

impl Windows {
    fn new(address: &str, session_id: u32) -> Self {
        Self {
            address: address.into(),
            password: PASSWORD,
            session_id,
            msg_id: 0,
            nonce: None,
            shows: false,
            stubborn: false,
        }
    }

    /// Posts a message with these commands, each without its CmdID: they get 1 for the Status of the header, and numbers
    /// from 2.
    fn post(&mut self, status: Option<u32>, commands: &[String]) -> Answer {
        self.msg_id += 1;
        let mut source = format!("<LocURI>{DEVICE}</LocURI>");
        let mut cred = String::new();
        if let (Some(nonce), true) = (&self.nonce, self.shows) {
            let digest = CredentialHash::of(USER, &Secret::new(self.password)).md5(nonce);
            source += "<LocName>dummy</LocName>";
            cred = format!(
                "<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format>\
                 <Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>{digest}</Data></Cred>"
            );
        }
        let mut body = String::new();
        if let Some(msg_ref) = status {
            body += &format!(
                "<Status><CmdID>1</CmdID><MsgRef>{msg_ref}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
            );
        }
        for (number, command) in commands.iter().enumerate() {
            let (name, rest) = command.split_once('>').unwrap();
            body += &format!("{name}><CmdID>{}</CmdID>{rest}", number + 2);
        }
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD>\
             <VerProto>DM/1.2</VerProto><SessionID>{}</SessionID><MsgID>{}</MsgID>\
             <Target><LocURI>http://{}/dm</LocURI></Target><Source>{source}</Source>{cred}</SyncHdr>\
             <SyncBody xmlns:msft=\"http://schemas.microsoft.com/MobileDevice/MDM\">{body}<Final/></SyncBody></SyncML>",
            self.session_id, self.msg_id, self.address
        );
        let answer = self.exchange(&text);
        self.learn(&answer);
        answer
    }

    /// One HTTP exchange, with the header fields of Windows.
    fn exchange(&self, text: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "POST /dm?mode=Maintenance&Platform=WoA HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             User-Agent: MSFT OMA DM Client/1.2.0.1\r\n\
             Accept: application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml, application/octet-stream\r\n\
             Accept-Charset: UTF-8\r\nAccept-Encoding: gzip\r\nContent-Type: application/vnd.syncml.dm+xml\r\n\
             client-request-id: 0\r\nMS-CV: u2rFN2yBNkKHvqLk.0\r\nUserAgentOrigin: 1,3\r\nContent-Length: {}\r\n\r\n",
            self.address,
            text.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        let message = Message::parse(body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {answer}")).into_owned();
        Answer { head: head.to_ascii_lowercase(), body: body.into(), message }
    }

    /// Takes the nonce, and stops showing credentials at a 212.
    fn learn(&mut self, answer: &Answer) {
        let (status, nonce) = answer.header_status();
        if nonce.is_some() {
            self.nonce = nonce;
        }
        self.shows = match status {
            StatusCode::AUTHENTICATED => self.stubborn,
            StatusCode::MISSING_CREDENTIALS | StatusCode::INVALID_CREDENTIALS => true,
            _ => self.shows,
        };
    }

    /// What opens a session: 1201, who is logged in, DevInfo.
    fn package_1(extra: &[&str]) -> Vec<String> {
        let mut commands = vec!["<Alert><Data>1201</Data></Alert>".to_owned()];
        commands.extend(extra.iter().map(|command| (*command).to_owned()));
        let leaves = [
            ("DevId", DEVICE),
            ("Man", "Contoso"),
            ("Mod", "Test Machine"),
            ("DmV", "1.3"),
            ("Lang", "en-US"),
            ("HWDevID", "00C0FFEE"),
        ];
        let items: String = leaves
            .iter()
            .map(|(name, value)| {
                format!("<Item><Source><LocURI>./DevInfo/{name}</LocURI></Source><Data>{value}</Data></Item>")
            })
            .collect();
        commands.push(format!("<Replace>{items}</Replace>"));
        commands
    }
}

const LOGIN_STATUS: &str = "<Alert><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">com.microsoft/MDM/LoginStatus\
                            </Type></Meta><Data>user</Data></Item></Alert>";
const UNENROLMENT: &str = "<Alert><Data>1226</Data><Item><Meta><Type xmlns=\"syncml:metinf\">\
                           com.microsoft:mdm.unenrollment.userrequest</Type><Format xmlns=\"syncml:metinf\">int</Format>\
                           <Mark xmlns=\"syncml:metinf\">critical</Mark></Meta><Data>1</Data></Item></Alert>";

fn status(msg_ref: u32, cmd_ref: &str, name: &str, refs: &[&str], code: u16) -> String {
    let refs: String = refs.iter().map(|uri| format!("<TargetRef>{uri}</TargetRef>")).collect();
    format!(
        "<Status><MsgRef>{msg_ref}</MsgRef><CmdRef>{cmd_ref}</CmdRef><Cmd>{name}</Cmd>{refs}<Data>{code}</Data></Status>"
    )
}

fn item(uri: &str, format: &str, data: &str) -> String {
    format!(
        "<Item><Source><LocURI>{uri}</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">{format}</Format></Meta>\
         <Data>{data}</Data></Item>"
    )
}

impl Answer {
    fn header_status(&self) -> (StatusCode, Option<Nonce>) {
        let status = self.message.commands.iter().find_map(|command| match command {
            Command::Status(status) if status.is_for_header() => Some(status),
            _ => None,
        });
        let status = status.unwrap_or_else(|| panic!("no status for the header: {}", self.body));
        let nonce = status.chal.as_ref().and_then(|chal| chal.nonce().unwrap());
        (status.code().unwrap(), nonce)
    }

    fn msg_id(&self) -> u32 {
        self.message.header.msg_id.as_str().parse().unwrap()
    }

    /// The commands that are no Status, by name and CmdID.
    fn orders(&self) -> Vec<(String, String)> {
        let orders = self.message.commands.iter().filter(|command| !matches!(command, Command::Status(_)));
        orders
            .map(|command| (command.name().unwrap().to_owned(), command.cmd_id().unwrap().as_str().to_owned()))
            .collect()
    }

    fn statuses(&self) -> Vec<(String, u32)> {
        let statuses = self.message.commands.iter().filter_map(|command| match command {
            Command::Status(status) => {
                Some((status.cmd.as_ref().unwrap().as_str().to_owned(), status.code().unwrap().code()))
            }
            _ => None,
        });
        statuses.collect()
    }

    /// What holds of everything that a server says to Windows.
    fn is_fit_for_windows(&self, folder: &Folder, name: &str) {
        assert!(self.head.contains("content-type: application/vnd.syncml.dm+xml"), "{}", self.head);
        assert!(self.head.contains("content-length: ") && !self.head.contains("chunked"), "{}", self.head);
        assert!(!self.body.contains("CDATA") && !self.body.contains("MaxMsgSize"), "{}", self.body);
        assert!(self.body.contains("SYNCML:SYNCML1.2") && self.message.is_final, "{}", self.body);
        assert_eq!(self.message.header.target.uri.as_str(), DEVICE);
        let file = folder.file(name, &self.body);
        let lint = dm(&["inspect", &file, "--lint", "windows"]);
        assert_eq!(lint.code, Some(0), "{lint:?}");
    }
}

struct Server {
    running: Running,
    folder: Folder,
    address: String,
}

fn serve(name: &str) -> Server {
    let folder = Folder::new(name);
    let orders = folder.file("orders.json", ORDERS);
    let login = format!("{USER}:{PASSWORD}");
    let running = Running::start(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--protocol",
        "auto",
        "--profile",
        "windows",
        "--orders",
        &orders,
        "--login",
        &login,
    ]);
    let url = running.value("endpoint");
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/dm").unwrap().to_owned();
    Server { running, folder, address }
}

/// The session from package 1 to the end.
fn session(server: &Server, mut windows: Windows) {
    let folder = &server.folder;
    // Without credentials: challenged, and nothing else.
    let first = windows.post(None, &Windows::package_1(&[LOGIN_STATUS]));
    first.is_fit_for_windows(folder, "1.xml");
    assert_eq!(first.header_status().0, StatusCode::MISSING_CREDENTIALS, "{}", first.body);
    assert!(windows.nonce.is_some() && first.orders().is_empty(), "{}", first.body);

    // Package 1 again, in the same session.
    let second = windows.post(Some(first.msg_id()), &Windows::package_1(&[LOGIN_STATUS]));
    second.is_fit_for_windows(folder, "2.xml");
    assert_eq!((windows.msg_id, second.msg_id()), (2, 2), "each counts its own messages");
    let statuses: Vec<(String, u32)> = [("SyncHdr", 212), ("Alert", 200), ("Alert", 200), ("Replace", 200)]
        .map(|(name, code)| (name.into(), code))
        .into();
    assert_eq!(second.statuses(), statuses, "{}", second.body);
    let orders = second.orders();
    assert_eq!(orders.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), FIRST_ROUND, "{}", second.body);
    let children: Vec<(String, String)> = second
        .message
        .commands
        .iter()
        .flat_map(Command::commands)
        .map(|command| (command.name().unwrap().to_owned(), command.cmd_id().unwrap().as_str().to_owned()))
        .collect();

    // One Status with several TargetRefs, and one Results with several Items; a node that is not there; an Atomic.
    let msg_ref = second.msg_id();
    let below = ["./Vendor/MSFT/Example/Level", "./Vendor/MSFT/Example/Mode"];
    let results = [
        format!(
            "<Results><MsgRef>{msg_ref}</MsgRef><CmdRef>{}</CmdRef>{}</Results>",
            orders[0].1,
            item("./DevDetail/SwV", "chr", "10.0.26200.9278")
        ),
        format!(
            "<Results><MsgRef>{msg_ref}</MsgRef><CmdRef>{}</CmdRef>{}{}</Results>",
            orders[1].1,
            item(below[0], "int", "1"),
            item(below[1], "int", "0")
        ),
    ];
    let mut commands = vec![
        status(msg_ref, &orders[0].1, "Get", &["./DevDetail/SwV"], 200),
        status(msg_ref, &orders[1].1, "Get", &below, 200),
        status(msg_ref, &orders[2].1, "Replace", &[], 404)
            .replace("<Data>404", "<Data msft:originalerror=\"0x86000002\">404"),
        status(msg_ref, &orders[3].1, "Atomic", &[], 200),
    ];
    commands.extend(children.iter().map(|(name, id)| status(msg_ref, id, name, &[], 200)));
    commands.extend(results);
    let third = windows.post(Some(msg_ref), &commands);
    third.is_fit_for_windows(folder, "3.xml");
    assert_eq!(third.header_status().0, StatusCode::AUTHENTICATED, "{}", third.body);
    assert_eq!(third.statuses().len(), 1, "good Results have no Status: {}", third.body);
    let orders = third.orders();
    assert_eq!(orders.len(), 1, "{}", third.body);

    // The Exec goes on; the server has nothing more to say.
    let msg_ref = third.msg_id();
    let last = windows.post(Some(msg_ref), &[status(msg_ref, &orders[0].1, &orders[0].0, &[], 202)]);
    last.is_fit_for_windows(folder, "4.xml");
    assert!(last.orders().is_empty(), "{}", last.body);
}

#[test]
fn a_windows_pc_is_managed() {
    let server = serve("windows");
    session(&server, Windows::new(&server.address, 7));
    // One that shows its credentials in every message, whatever it is told; and SessionID 0, which is legal.
    session(&server, Windows { stubborn: true, ..Windows::new(&server.address, 0) });
    // A device of DM 2.0 on the same port meanwhile.
    let other = dm(&["connect", "--server", &format!("http://{}/dm", server.address)]);
    assert_eq!(other.code, Some(0), "{other:?}");
    #[cfg(unix)]
    {
        server.running.interrupt();
        let (code, _, log) = server.running.end();
        assert_eq!(code, Some(0), "{log}");
        for part in [
            "Windows, client 1.2.0.1, Maintenance",
            "session opened, by the device: Contoso Test Machine",
            "user logged in: User",
            "200  Get ./DevDetail/SwV",
            "404  Replace ./Vendor/MSFT/Example/Level",
            "original=\"0x86000002\"",
            "200  Atomic of 2",
            "not sent (Profile)  Copy ./Vendor/MSFT/Example/Level",
            "not sent (Profile)  Alert 1101",
            "202  Exec ./Vendor/MSFT/Example/Install",
            "session closed: Ended",
        ] {
            assert!(log.contains(part), "{part:?} is missing in\n{log}");
        }
        assert!(!log.contains(PASSWORD) && !log.contains("WARN"), "{log}");
    }
}

#[test]
fn a_windows_pc_leaves_management() {
    let server = serve("windows-leaves");
    // A session that is not ended: Windows drops it, and begins a new one that says so.
    let mut dropped = Windows::new(&server.address, 7);
    let challenge = dropped.post(None, &Windows::package_1(&[LOGIN_STATUS]));
    assert_eq!(challenge.header_status().0, StatusCode::MISSING_CREDENTIALS);
    let mut windows = Windows::new(&server.address, 8);
    let first = windows.post(None, &Windows::package_1(&[UNENROLMENT]));
    assert_eq!(first.header_status().0, StatusCode::MISSING_CREDENTIALS);
    let second = windows.post(Some(1), &Windows::package_1(&[UNENROLMENT]));
    assert_eq!(second.header_status().0, StatusCode::AUTHENTICATED, "{}", second.body);
    assert!(second.statuses().contains(&("Alert".into(), 200)), "{}", second.body);
    // It is gone: whatever the server would have it do is never answered.
    #[cfg(unix)]
    {
        server.running.interrupt();
        let (code, _, log) = server.running.end();
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(log.matches("the device leaves management").count(), 1, "{log}");
        assert!(log.contains("mark=\"critical\""), "{log}");
    }
}

#[test]
fn a_wrong_password_is_refused_in_the_end() {
    let server = serve("windows-wrong");
    let mut windows = Windows { password: "Groovy", ..Windows::new(&server.address, 9) };
    let mut last = windows.post(None, &Windows::package_1(&[]));
    assert_eq!(last.header_status().0, StatusCode::MISSING_CREDENTIALS, "{}", last.body);
    // Three challenges in all: the third wrong answer is the last that is heard.
    for _ in 0..3 {
        last = windows.post(Some(last.msg_id()), &Windows::package_1(&[]));
        assert_eq!(last.header_status().0, StatusCode::INVALID_CREDENTIALS, "{}", last.body);
        assert!(last.orders().is_empty(), "{}", last.body);
    }
    // Somebody else is not held up by that.
    session(&server, Windows::new(&server.address, 10));
    #[cfg(unix)]
    {
        server.running.interrupt();
        let (code, _, log) = server.running.end();
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(log.matches("session closed: Refused").count(), 1, "{log}");
        assert_eq!(log.matches("session closed: Ended").count(), 1, "{log}");
    }
}
