//! Whole sessions of DM 1.2, client, server and tree in one thread.

use dm_notification::dm1::SessionId;
use dm_session::dm1::client::{self, Reason, Start};
use dm_session::dm1::{AlertQueue, Client, ClientConfig, Order, Server, ServerConfig, server};
use dm_session::http::{Request, Response};
use dm_session::tree::MoTree;
use dm_session::tree::dm1::{self, Command, DevInfo, Reply};
use dm_session::{Random, RequestId, Timestamp};
use dm_syncml::{Encoding, Limits, Message, StatusCode, Strictness};

use crate::trees::{SERVER, done, grown, leaf};

const DEVICE: &str = "IMEI:350000000000017";
const ENDPOINT: &str = "https://dm.example/dm";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Commands in a session.
pub const SIZES: [usize; 2] = [3, 120];

/// The forms of messages, by name.
pub const FORMS: [(&str, Encoding); 2] = [("xml", Encoding::Xml), ("wbxml", Encoding::Wbxml)];

/// A device and what a server has to be done on it: Gets and Replaces by turns, in one package.
#[derive(Debug)]
pub struct Sessions {
    tree: MoTree,
    client: ClientConfig,
    server: ServerConfig,
    commands: Vec<Command>,
}

impl Sessions {
    /// Sessions of so many commands. The transport authenticates both sides.
    #[must_use]
    pub fn new(commands: usize, encoding: Encoding) -> Self {
        let mut tree = grown(commands, 1);
        for command in DevInfo::new(DEVICE, "Acme", "A1").commands() {
            done(&mut tree, &dm1::Request::local(command));
        }
        let commands = (0..commands)
            .map(|number| match (leaf(number, commands, 1), number % 2) {
                (uri, 0) => Command::get(uri),
                (uri, _) => Command::replace(uri, "another value"),
            })
            .collect();
        let client = ClientConfig::new(DEVICE, SERVER, ENDPOINT).with_encoding(encoding);
        Self { tree, client, server: ServerConfig::new(SERVER, ENDPOINT), commands }
    }

    /// One session from its start to its end: packages 1 to 4. `tap` hears of each message, in order.
    ///
    /// # Panics
    /// If anything in it fails.
    pub fn run(&mut self, tap: &mut dyn FnMut(&[u8], &Server)) {
        let start = Start::Local { session_id: SessionId::new(1).unwrap() };
        let mut client = Client::start(self.client.clone(), start, AlertQueue::new(), NOW).unwrap();
        let mut server = Server::start(self.server.clone(), NOW).unwrap();
        let mut orders: Vec<Order> =
            self.commands.iter().zip(0..).map(|(command, number)| Order::new(number, command.clone())).collect();
        let mut outcomes = 0;
        loop {
            let event = match client.poll_action().unwrap() {
                client::Action::Manage { id, request } => {
                    let mut host = |_: &dm1::Ask| Reply::Failed(StatusCode::NOT_SUPPORTED);
                    client::Event::Managed { id, answer: dm1::run(&mut self.tree, &request, &mut host) }
                }
                client::Action::Post { id, request } => {
                    tap(&request.body, &server);
                    let response = answer(&mut server, request, &mut orders, &mut outcomes);
                    tap(&response.body, &server);
                    client::Event::Response { id, response, random: Random::from([1; 32]) }
                }
                client::Action::Closed(closed) => {
                    assert_eq!(closed.reason, Reason::Ended);
                    break;
                }
                other => panic!("{other:?}"),
            };
            client.handle(NOW, event).unwrap();
        }
        assert_eq!(outcomes, self.commands.len());
    }

    /// The messages of a session, in order.
    ///
    /// # Panics
    /// If anything in it fails.
    #[must_use]
    pub fn messages(&mut self) -> Messages {
        let mut bodies = Vec::new();
        self.run(&mut |body, _| bodies.push(body.to_vec()));
        let parse = |body: &Vec<u8>| Message::parse(body).unwrap().into_owned();
        Messages { messages: bodies.iter().map(parse).collect(), bodies, encoding: self.client.encoding }
    }

    /// The snapshot of a server that waits for the Statuses of all its commands, as JSON.
    ///
    /// # Panics
    /// If anything fails.
    #[must_use]
    pub fn snapshot(&mut self) -> String {
        let mut text = None;
        let mut message = 0;
        self.run(&mut |_, server| {
            message += 1;
            if message == 2 {
                text = Some(serde_json::to_string(&server.snapshot()).unwrap());
            }
        });
        text.unwrap()
    }
}

/// What the host of a server does with a request.
fn answer(server: &mut Server, request: Request, orders: &mut Vec<Order>, outcomes: &mut usize) -> Response {
    let event = server::Event::Request { id: RequestId(1), request, random: Random::from([2; 32]) };
    server.handle(NOW, event).unwrap();
    let mut answer = None;
    while let Some(action) = server.poll_action() {
        match action {
            server::Action::Decide { id, .. } => {
                server.handle(NOW, server::Event::Orders { id, orders: std::mem::take(orders) }).unwrap();
            }
            server::Action::Outcome(outcome) => {
                assert!(outcome.result.is_done(), "{outcome:?}");
                *outcomes += 1;
            }
            server::Action::Respond { response, .. } => answer = Some(response),
            server::Action::Closed(_) => {}
            other => panic!("{other:?}"),
        }
    }
    answer.unwrap()
}

/// The messages of a session, for what the codec alone takes.
#[derive(Debug)]
pub struct Messages {
    bodies: Vec<Vec<u8>>,
    messages: Vec<Message<'static>>,
    encoding: Encoding,
}

impl Messages {
    /// Bytes of each.
    #[must_use]
    pub fn lens(&self) -> Vec<usize> {
        self.bodies.iter().map(Vec::len).collect()
    }

    /// Writes and reads each of them, as sender and receiver do.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn code(&self) -> usize {
        let mut sum = 0;
        for (message, body) in self.messages.iter().zip(&self.bodies) {
            let mut out = Vec::new();
            message.encode(self.encoding, &mut out).unwrap();
            let parsed = Message::parse_with(body, Strictness::Lenient, &Limits::DEFAULT).unwrap();
            sum += out.len() + parsed.value.commands.len();
        }
        sum
    }
}
