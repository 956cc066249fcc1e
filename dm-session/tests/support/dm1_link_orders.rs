//! Orders, setups and faults from bytes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "shared by several test files"
)]

use crate::dm1_interpreter::Script;
use crate::dm1_link::{Auth, Setup};
use crate::program1::{self, STEP, Scope};
use core::time::Duration;
use dm_session::dm1::{AlertItem, ClientAlert, Interaction, InteractionKind, Order, Scheme, Task, UserReply};
use dm_session::tree::dm1::{Command, Content, Data};
use dm_syncml::{Encoding, UiOptions};

/// Bytes of one order.
pub(crate) const WORD: usize = STEP + 3;

/// What a program orders.
pub(crate) struct Program {
    pub(crate) batches: Vec<Vec<Order>>,
    pub(crate) script: Script,
}

const PLACES: [&str; 8] = [
    "./Vendor/a/b",
    "./Vendor/Keep",
    "./Vendor/b",
    "./Vendor/a/b",
    "./Vendor/a/c",
    "./Vendor/Own/a",
    "./Vendor/b",
    "./Vendor/Pic",
];

/// Text of that many characters or so: plain, with escapes, of several bytes a character, Base64, mixed.
pub(crate) fn text(kind: u8, len: usize) -> String {
    let of = |pattern: &str| pattern.chars().cycle().take(len).collect::<String>();
    match kind % 5 {
        0 => of("abcdefghijklmnopqrstuvwxyz. 0123456789, "),
        1 => of("<&>\"'"),
        2 => of("\u{e9}\u{20ac}\u{1f600}\u{416}"),
        3 => of("a<\u{20ac}&\n\u{1f600}]]>b"),
        _ => crate::model1::base64(&bytes(len / 4 * 3)),
    }
}

pub(crate) fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 37 % 251) as u8).collect()
}

/// A large value: text, Base64 or octets.
pub(crate) fn large(kind: u8, len: usize) -> Content {
    match kind % 7 {
        4 => Content::from(text(4, len).as_str()).with_format("b64"),
        5 => Content::new(Data::Bytes(bytes(len))).with_format("bin").with_type("application/x"),
        6 => Content::from(text(0, len).as_str()),
        kind => Content::from(text(kind, len).as_str()).with_format("chr"),
    }
}

struct Maker {
    encoding: Encoding,
    script: Script,
    made: usize,
}

impl Maker {
    fn interaction(&mut self, word: &[u8]) -> Interaction {
        self.made += 1;
        let text = format!("q{}", self.made);
        let kind = InteractionKind::ALL[usize::from(word[1]) % 5];
        let choices = match kind {
            InteractionKind::SingleChoice | InteractionKind::MultipleChoice => 1 + u32::from(word[2] % 4),
            _ => 0,
        };
        let mut options = UiOptions::new();
        if word[3].is_multiple_of(3) {
            options.max_display = Some(Duration::from_secs(1 + u64::from(word[3])));
        }
        let reply = match (word[4] % 16, kind) {
            (0, _) => Some(UserReply::Cancelled),
            // The user does not answer at all.
            (1, _) => None,
            (2, _) => Some(UserReply::Unsupported),
            (3, _) => Some(UserReply::NotRendered),
            (4..7, InteractionKind::Confirm) => Some(UserReply::Rejected),
            (_, InteractionKind::Display | InteractionKind::Confirm) => Some(UserReply::Accepted),
            (_, InteractionKind::Input) => Some(UserReply::Text(format!("<a & {}>", word[5]))),
            (_, InteractionKind::SingleChoice) => Some(UserReply::Choices(vec![1 + u32::from(word[5]) % choices])),
            (_, InteractionKind::MultipleChoice) => {
                Some(UserReply::Choices((1..=choices).filter(|it| word[5] >> it & 1 == 1).collect()))
            }
        };
        self.script.user.extend(reply.map(|reply| (text.clone(), reply)));
        let choices = (0..choices).map(|it| format!("choice {it}"));
        Interaction::new(kind, text).with_options(options).with_choices(choices)
    }

    /// One task that stands by itself.
    fn single(&mut self, word: &[u8]) -> Task {
        match word[0] {
            0..130 => self.command(&word[1..]),
            130..168 => {
                let len = usize::from(word[2]) * if word[3].is_multiple_of(4) { 40 } else { 7 };
                let content = large(word[4], len);
                let place = PLACES[usize::from(word[5]) % PLACES.len()];
                if word[6].is_multiple_of(3) { Command::add(place, content) } else { Command::replace(place, content) }
                    .into()
            }
            168..186 => Command::get(PLACES[usize::from(word[1]) % PLACES.len()]).into(),
            186..212 => self.interaction(word).into(),
            212..228 => {
                self.made += 1;
                let correlator = format!("e{}", self.made);
                let status = [200, 202, 500, 510, 200, 202][usize::from(word[2] % 6)];
                self.script.exec.insert(correlator.clone(), status);
                let place = ["./Vendor/Run", "./Vendor/Run", "./Vendor/Mode", "./no"][usize::from(word[3] % 4)];
                let mut command = Command::exec(place);
                if let Command::Exec { correlator: to, content, .. } = &mut command {
                    *to = Some(correlator);
                    *content = large(word[4], usize::from(word[5]) / 4);
                }
                command.into()
            }
            228..242 => Command::get("./Vendor?list=StructData").into(),
            242..246 => Command::delete("").into(),
            246..248 => Command::get("./\u{1}").into(),
            248..250 => Interaction::new(InteractionKind::SingleChoice, "nothing to choose").into(),
            250..252 => Task::Atomic(Vec::new()),
            252 => Task::Atomic(vec![Command::get("./Vendor/Own/a").into()]),
            253 => Task::Sequence(vec![Task::Sequence(vec![Command::delete("./a").into()])]),
            _ => Task::Atomic(vec![Command::delete("./a").into(), Task::Atomic(vec![Command::delete("./b").into()])]),
        }
    }

    fn command(&mut self, word: &[u8]) -> Task {
        let mut step = word.to_vec();
        // Of a server, in this encoding.
        step[1] = if self.encoding == Encoding::Wbxml { 0 } else { 1 };
        let command = program1::request(&step, Scope::Model, 0).command;
        let untimed = |uri: &String| uri.replace("TStamp", "VerNo");
        match command {
            Command::Begin | Command::Commit | Command::Rollback => self.interaction(word).into(),
            Command::Get { uri, .. } => Command::get(untimed(&uri)).into(),
            command => command.into(),
        }
    }

    /// Something that may stand in an Atomic.
    fn child(&mut self, word: &[u8]) -> Task {
        match self.single(word) {
            Task::Command(Command::Get { uri, .. }) => Command::replace(uri, "7").into(),
            Task::Command(Command::Exec { uri, .. }) => Command::delete(uri).into(),
            Task::Atomic(_) | Task::Sequence(_) => self.interaction(word).into(),
            // What has no large objects is not to be cut.
            task => small(task),
        }
    }
}

/// A container has to fit into one message.
fn small(task: Task) -> Task {
    match task {
        Task::Command(Command::Add { uri, content }) if content.data.len() > 60 => Command::add(uri, "small").into(),
        Task::Command(Command::Replace { uri, content }) if content.data.len() > 60 => {
            Command::replace(uri, "small").into()
        }
        task => task,
    }
}

/// The program that the bytes make.
pub(crate) fn program(encoding: Encoding, words: &[Vec<u8>]) -> Program {
    let mut maker = Maker { encoding, script: Script::default(), made: 0 };
    let mut batches: Vec<Vec<Order>> = vec![Vec::new()];
    let mut words = words.iter();
    let mut number = 0;
    while let Some(word) = words.next() {
        let inside = usize::from(word[WORD - 1] % 5);
        let task = match word[WORD - 2] {
            0..200 => maker.single(word),
            200..230 => Task::Atomic(words.by_ref().take(1 + inside).map(|word| maker.child(word)).collect()),
            230..250 => Task::Sequence(words.by_ref().take(1 + inside).map(|word| small(maker.single(word))).collect()),
            _ => {
                let atomic = |maker: &mut Maker, word: &Vec<u8>| {
                    let mut word = word.clone();
                    word[0] %= 130;
                    Task::Atomic(vec![small(maker.child(&word))])
                };
                Task::Sequence(words.by_ref().take(1 + inside).map(|word| atomic(&mut maker, word)).collect())
            }
        };
        number += 1;
        batches.last_mut().unwrap().push(Order::new(number, task));
        if word[WORD - 3] < 80 {
            batches.push(Vec::new());
        }
    }
    batches.retain(|batch| !batch.is_empty());
    Program { batches, script: maker.script }
}

pub(crate) fn alert(number: usize) -> ClientAlert {
    let item = AlertItem::new("org.x.a", format!("a{number}"));
    match number % 4 {
        0 => ClientAlert::event(item),
        1 => ClientAlert::generic(item).with_correlator("c"),
        2 => ClientAlert::generic(item.with_source("./Vendor")),
        _ => ClientAlert::generic(item),
    }
}

/// The number of an alert that [`alert`] made.
pub(crate) fn alert_number(alert: &ClientAlert) -> usize {
    assert_eq!(alert.items[0].alert_type(), "org.x.a");
    alert.items[0].content.data.as_str().unwrap().strip_prefix('a').unwrap().parse().unwrap()
}

pub(crate) fn auth(byte: u8) -> Auth {
    let (kind, how) = (byte % 8, byte / 8);
    let mut auth = match kind {
        0 | 1 => return Auth::TRANSPORT,
        2 => Auth::new(Scheme::Basic),
        3 | 4 => Auth::new(Scheme::Md5),
        5 => Auth::new(Scheme::Md5).per_message(),
        _ => Auth::new(Scheme::Mac),
    };
    auth.first = match how % 4 {
        0 => None,
        1 => Some(Scheme::Basic),
        _ => auth.demand,
    };
    auth.fresh = how / 4 % 3 != 0;
    auth
}

pub(crate) fn setup(of: &[u8]) -> Setup {
    let size = |byte: u8| [None, Some(512), Some(700), Some(1500), Some(5000), None][usize::from(byte % 6)];
    let encoding = if of[0].is_multiple_of(2) { Encoding::Xml } else { Encoding::Wbxml };
    let mut setup = Setup::new(encoding);
    setup.seed = u64::from(of[1]);
    (setup.client_msg, setup.server_msg) = (size(of[2]), size(of[3]));
    setup.client_obj = [Some(1 << 20), Some(1 << 20), Some(2000), None][usize::from(of[4] % 4)];
    setup.server_obj = [None, Some(1 << 20), Some(1500), Some(300)][usize::from(of[5] % 4)];
    setup.client_auth = auth(of[6]);
    setup.server_auth = auth(of[7]);
    setup.interaction = !of[8].is_multiple_of(5);
    setup.atomic = !(of[8] / 5).is_multiple_of(6);
    // What cannot be delivered for want of room would stop a Sequence as well.
    setup.stop_sequence = of[8] / 30 % 2 == 1 && setup.server_msg.is_none() && setup.server_obj.is_none();
    setup.rules = of[9] & 31;
    setup
}
