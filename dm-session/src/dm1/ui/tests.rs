//! The alerts 1100 to 1104 and their answers through messages (§10 of the reference).
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use super::*;
use alloc::format;
use alloc::vec;
use core::time::Duration;
use dm_syncml::{
    Command, CommandName, Data, Echo, Encoding, InputType, Limits, Location, Message, Namespace, Status, Strictness,
    SyncHdr,
};
use proptest::prelude::*;

const ENCODINGS: [Encoding; 2] = [Encoding::Xml, Encoding::Wbxml];

/// The command after a way through bytes.
fn sent(command: Command<'static>, encoding: Encoding) -> Command<'static> {
    let header = SyncHdr::new("1", "1", Location::new("IMEI:1"), Location::new("https://dm.example/"));
    let message = Message::new(header).with_namespace(Namespace::SyncMl12).with_command(command);
    let mut bytes = Vec::new();
    message.encode(encoding, &mut bytes).unwrap();
    let limits = Limits::DEFAULT;
    let parsed = match encoding {
        Encoding::Xml => Message::parse_xml(&bytes, Strictness::Strict, &limits),
        Encoding::Wbxml => Message::parse_wbxml(&bytes, Strictness::Strict, &limits),
    };
    parsed.unwrap().value.into_owned().commands.remove(0)
}

fn through(interaction: &Interaction, encoding: Encoding) -> Interaction {
    match sent(Command::Alert(interaction.to_alert("1")), encoding) {
        Command::Alert(alert) => {
            assert_eq!(alert.code(), Some(interaction.kind.code()));
            let kind = InteractionKind::from_code(alert.code().unwrap()).unwrap();
            Interaction::from_alert(kind, &alert).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// What a server reads of a reply.
fn answered(interaction: &Interaction, reply: &UserReply, encoding: Encoding) -> Option<UserReply> {
    let status = Status::new("1", "1", "2", CommandName::Alert, reply.status());
    let status = reply.texts().into_iter().fold(status, |status, text| status.with_item(Item::data(text)));
    match sent(Command::Status(status), encoding) {
        Command::Status(status) => {
            let texts: Vec<&str> =
                status.items.iter().filter_map(|item| item.data.as_ref().and_then(Data::as_text)).collect();
            UserReply::from_status(interaction, status.code().unwrap(), &texts)
        }
        other => panic!("{other:?}"),
    }
}

fn interaction(kind: InteractionKind) -> Interaction {
    let choices: &[&str] = if kind.is_choice() { &["red", "green", "blue"] } else { &[] };
    Interaction::new(kind, "Now & <then>?").with_choices(choices.iter().copied())
}

#[test]
fn codes() {
    let codes: Vec<u32> = InteractionKind::ALL.iter().map(|kind| kind.code().code()).collect();
    assert_eq!(codes, [1100, 1101, 1102, 1103, 1104]);
    for code in [0, 1099, 1105, 1200, 1226] {
        assert_eq!(InteractionKind::from_code(AlertCode::new(code)), None);
    }
}

#[test]
fn options_first_then_text_then_choices_in_order() {
    let options = UiOptions::new().with_max_display(Duration::from_secs(60)).with_default_choices(&[2]);
    let wanted = interaction(InteractionKind::SingleChoice).with_options(options);
    for encoding in ENCODINGS {
        let Command::Alert(alert) = sent(Command::Alert(wanted.to_alert("7")), encoding) else { panic!() };
        let texts: Vec<&str> = alert.items.iter().map(|item| item.data.as_ref().unwrap().as_text().unwrap()).collect();
        assert_eq!(texts, ["MAXDT=60&DR=2", "Now & <then>?", "red", "green", "blue"]);
        assert_eq!(through(&wanted, encoding), wanted);
    }
    let alert = interaction(InteractionKind::Display).to_alert("1");
    assert_eq!(alert.items.len(), 2, "the first Item is there without options too");
}

#[test]
fn missing_items_are_412_what_is_no_text_416() {
    let read = |kind, items: Vec<Item<'static>>| {
        let alert = items.into_iter().fold(Alert::new("1", AlertCode::DISPLAY), Alert::with_item);
        Interaction::from_alert(kind, &alert)
    };
    let text = || Item::data("text");
    let bytes = || Item::data(Data::opaque(vec![0xff]));
    for kind in InteractionKind::ALL {
        assert_eq!(read(kind, vec![]).unwrap_err(), StatusCode::INCOMPLETE);
        assert_eq!(read(kind, vec![text()]).unwrap_err(), StatusCode::INCOMPLETE);
        assert_eq!(read(kind, vec![text(), bytes(), text()]).unwrap_err(), StatusCode::SIZE_TOO_BIG);
        // Empty options, and options that make no sense, are none.
        for options in [Item::new(), Item::data(""), Item::data("NEW=1&MAXDT=x"), bytes()] {
            let read = read(kind, vec![options, text(), text()]).unwrap();
            assert_eq!((read.options, read.text.as_str()), (UiOptions::new(), "text"));
            assert_eq!(read.choices, if kind.is_choice() { vec!["text"] } else { vec![] }, "others have no choices");
        }
        let bad_choice = read(kind, vec![text(), text(), bytes()]);
        assert_eq!(bad_choice.is_err(), kind.is_choice());
    }
    for kind in [InteractionKind::SingleChoice, InteractionKind::MultipleChoice] {
        assert_eq!(read(kind, vec![text(), text()]).unwrap_err(), StatusCode::INCOMPLETE);
    }
}

#[test]
fn orders_need_choices_where_there_is_something_to_choose() {
    for kind in InteractionKind::ALL {
        assert!(interaction(kind).is_complete());
        assert_eq!(Interaction::new(kind, "x").is_complete(), !kind.is_choice());
        assert_eq!(Interaction::new(kind, "x").with_choices(["a"]).is_complete(), kind.is_choice());
    }
}

#[test]
fn replies_have_the_statuses_of_the_table() {
    let text = |text: &str| UserReply::Text(text.into());
    for (kind, reply, status) in [
        (InteractionKind::Display, UserReply::Accepted, 200),
        (InteractionKind::Confirm, UserReply::Accepted, 200),
        (InteractionKind::Confirm, UserReply::Rejected, 304),
        (InteractionKind::Input, text("ä & <b>"), 200),
        (InteractionKind::Input, text(""), 200),
        (InteractionKind::SingleChoice, UserReply::Choices(vec![3]), 200),
        (InteractionKind::MultipleChoice, UserReply::Choices(vec![3, 1]), 200),
        (InteractionKind::MultipleChoice, UserReply::Choices(vec![]), 200),
    ] {
        assert_eq!(reply.status().code(), status);
        for encoding in ENCODINGS {
            assert_eq!(answered(&interaction(kind), &reply, encoding), Some(reply.clone()));
        }
    }
    for kind in InteractionKind::ALL {
        for (reply, status) in [
            (UserReply::Cancelled, 214),
            (UserReply::TimedOut, 408),
            (UserReply::Unsupported, 406),
            (UserReply::NotRendered, 416),
        ] {
            assert_eq!(reply.status().code(), status);
            assert_eq!(answered(&interaction(kind), &reply, Encoding::Xml), Some(reply));
        }
    }
}

#[test]
fn replies_that_no_user_can_have_given() {
    let status =
        |kind, code: u32, texts: &[&str]| UserReply::from_status(&interaction(kind), StatusCode::new(code), texts);
    assert_eq!(status(InteractionKind::Display, 304, &[]), None, "there is no No to a text");
    assert_eq!(status(InteractionKind::Input, 200, &[]), None);
    for number in ["0", "4", "-1", "x", "", "4294967296"] {
        assert_eq!(status(InteractionKind::SingleChoice, 200, &[number]), None, "{number}");
        assert_eq!(status(InteractionKind::MultipleChoice, 200, &["1", number]), None, "{number}");
    }
    assert_eq!(status(InteractionKind::SingleChoice, 200, &[" 2\n"]), Some(UserReply::Choices(vec![2])));
    assert_eq!(status(InteractionKind::SingleChoice, 200, &[]), None);
    assert_eq!(status(InteractionKind::SingleChoice, 200, &["1", "2"]), None);
    for code in [202, 215, 216, 401, 407, 500] {
        assert_eq!(status(InteractionKind::Confirm, code, &[]), None, "{code}");
    }
    let fits = |reply: UserReply, kind| reply.fits(&interaction(kind));
    assert!(!fits(UserReply::Accepted, InteractionKind::Input));
    assert!(!fits(UserReply::Rejected, InteractionKind::Input));
    assert!(!fits(UserReply::Text("x".into()), InteractionKind::Confirm));
    assert!(!fits(UserReply::Choices(vec![1]), InteractionKind::Confirm));
    assert!(!fits(UserReply::Choices(vec![u32::MAX]), InteractionKind::MultipleChoice));
}

#[test]
fn what_is_said_is_not_shown() {
    let secret = interaction(InteractionKind::Input)
        .with_options(UiOptions::new().with_default_response("TopSecret").with_echo(Echo::Password));
    let shown = format!("{secret:?} {:?} {:?}", UserReply::Text("TopSecret".into()), UserReply::Choices(vec![31337]));
    assert!(!shown.contains("TopSecret") && !shown.contains("Now") && !shown.contains("31337"), "{shown}");
}

#[cfg(feature = "serde")]
#[test]
fn interactions_are_stored_exactly() {
    let mut odd = interaction(InteractionKind::MultipleChoice);
    // What does not travel is stored all the same.
    odd.options.min_display = Some(Duration::ZERO);
    odd.options.max_display = Some(Duration::from_millis(1500));
    odd.options.max_len = Some(0);
    odd.options.default_response = Some("ä&=+".into());
    odd.options.input_type = InputType::Ipv4;
    odd.options.echo = Echo::Password;
    let text = serde_json::to_string(&odd).unwrap();
    assert_eq!(serde_json::from_str::<Interaction>(&text).unwrap(), odd);
    for (from, to) in [("\"I\"", "\"X\""), ("\"P\"", "\"p\""), ("\"kind\"", "\"x\":1,\"kind\"")] {
        assert!(serde_json::from_str::<Interaction>(&text.replacen(from, to, 1)).is_err(), "{to}");
    }
    for reply in [UserReply::Text("x".into()), UserReply::Choices(vec![1, 2]), UserReply::TimedOut] {
        let text = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<UserReply>(&text).unwrap(), reply);
    }
}

fn any_interaction() -> impl Strategy<Value = Interaction> {
    let options = (
        prop::option::of(1_u64..1000),
        prop::option::of(1_u64..1000),
        prop::option::of("[ -~ä]{0,12}"),
        prop::option::of(1_u32..100),
        prop::sample::select(InputType::ALL),
        prop::sample::select(Echo::ALL),
    )
        .prop_map(|(min, max, response, max_len, input_type, echo)| {
            let mut options = UiOptions::new().with_input_type(input_type).with_echo(echo);
            options.min_display = min.map(Duration::from_secs);
            options.max_display = max.map(Duration::from_secs);
            options.default_response = response.map(Into::into);
            options.max_len = max_len;
            options
        });
    let kind = prop::sample::select(&InteractionKind::ALL[..]);
    (kind, options, "[ -~ä€\t\r\n]{0,40}", proptest::collection::vec("[ -~ä]{0,12}", 1..6)).prop_map(
        |(kind, options, text, choices)| {
            let choices = if kind.is_choice() { choices } else { vec![] };
            Interaction { kind, options, text, choices }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn interactions_arrive_as_they_were_sent(wanted in any_interaction()) {
        for encoding in ENCODINGS {
            prop_assert_eq!(through(&wanted, encoding), wanted.clone());
        }
    }

    #[test]
    fn replies_arrive_as_they_were_given(wanted in any_interaction(), text in "[ -~ä\r\n]{0,30}", picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..5)) {
        let count = wanted.choices.len();
        let numbers = || picks.iter().map(|pick| u32::try_from(pick.index(count.max(1)) + 1).unwrap());
        let replies = [
            UserReply::Accepted,
            UserReply::Rejected,
            UserReply::Text(text.clone()),
            UserReply::Choices(numbers().collect()),
            UserReply::Choices(numbers().take(1).collect()),
            UserReply::Cancelled,
        ];
        for reply in replies.into_iter().filter(|reply| reply.fits(&wanted)) {
            for encoding in ENCODINGS {
                prop_assert_eq!(answered(&wanted, &reply, encoding), Some(reply.clone()));
            }
        }
    }
}
