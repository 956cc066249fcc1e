//! Orders and what came of them.

use super::*;
use crate::dm1::ui::InteractionKind;
use crate::tree::dm1::Data;
use alloc::format;
use alloc::vec;
use dm_syncml::{Element, Name, Node, Str, Tag};

fn answered(code: u32) -> TaskResult {
    TaskResult { fate: Fate::Answered(StatusCode::new(code)), ..TaskResult::default() }
}

#[test]
fn done_is_what_the_device_says_is_done() {
    for code in [200, 201, 203, 204, 205, 206, 208, 209, 212] {
        assert!(answered(code).is_done(), "{code}");
    }
    for code in [100, 101, 202, 213, 214, 215, 216, 304, 404, 418, 500, 507, 516] {
        assert!(!answered(code).is_done(), "{code}");
    }
    for fate in [Fate::Unknown, Fate::NotSent(NotSent::Closed)] {
        let result = TaskResult { fate, ..TaskResult::default() };
        assert!(!result.is_done() && result.status().is_none());
    }
    assert_eq!(answered(425).status(), Some(StatusCode::PERMISSION_DENIED));
    assert_eq!(TaskResult::default().fate, Fate::Unknown, "no answer is not a failure");
}

#[test]
fn original_errors_are_numbers() {
    for (text, number) in [
        (Some("0x86000002"), Some(0x8600_0002)),
        (Some(" 0X80070005 "), Some(0x8007_0005)),
        (Some("0x0"), Some(0)),
        (Some("2147942405"), Some(0x8007_0005)),
        (Some("0x+1"), None),
        (Some("+1"), None),
        (Some("-1"), None),
        (Some("0x"), None),
        (Some(""), None),
        (Some("0x186000002"), None),
        (Some("E_FAIL"), None),
        (None, None),
    ] {
        let result = TaskResult { original_error: text.map(Into::into), ..answered(500) };
        assert_eq!(result.hresult(), number, "{text:?}");
    }
}

#[test]
fn containers_have_children() {
    let get = || Task::from(Command::get("./A"));
    assert_eq!(Task::Atomic(vec![get()]).children(), [get()]);
    assert_eq!(Task::Sequence(vec![get(), get()]).children().len(), 2);
    assert!(get().children().is_empty());
    assert!(Task::from(Interaction::new(InteractionKind::Display, "x")).children().is_empty());
}

fn outcome() -> Outcome {
    let name = || Name::Known(Tag::by_name(dm_syncml::Page::DmDdf, "MgmtTree").unwrap());
    let element = Element::of_nodes(vec![
        Node::Start(name()),
        Node::Attribute(dm_syncml::Attribute {
            namespace: Str::EMPTY,
            name: Str::from("a"),
            value: Str::from("TopSecret"),
        }),
        Node::Text(Str::from("TopSecret")),
        Node::Start(Name::Other { namespace: Str::from("urn:x"), local: Str::from("N") }),
        Node::End,
        Node::Start(Name::Token { page: 0, token: 0x3f }),
        Node::Opaque(vec![0, 0xff].into()),
        Node::End,
        Node::End,
    ])
    .unwrap();
    let commands = vec![
        Task::from(Command::add("./A", Content::new(Data::Element(element)).with_format("xml"))),
        Task::from(Command::replace("./A", Content::new(Data::Bytes(vec![1, 2])))),
        Task::from(Command::copy("./A", "./B")),
        Task::from(Command::exec("./A")),
        Task::from(Interaction::new(InteractionKind::Input, "TopSecret?")),
    ];
    let leaf = Leaf { uri: "./A".into(), content: Content::from("TopSecret").with_format("chr") };
    let child = TaskResult {
        reply: Some(UserReply::Text("TopSecret".into())),
        texts: vec!["TopSecret".into()],
        ..answered(200)
    };
    let result = TaskResult {
        leaves: vec![leaf],
        failed_at: Some("./A".into()),
        original_error: Some("0x1".into()),
        children: vec![child, TaskResult { fate: Fate::NotSent(NotSent::Profile), ..TaskResult::default() }],
        ..answered(507)
    };
    Outcome { id: OrderId(u64::MAX), task: Task::Sequence(vec![Task::Atomic(commands)]), result }
}

#[test]
fn values_and_answers_are_not_shown() {
    let shown = format!("{:?}", outcome());
    assert!(!shown.contains("TopSecret"), "{shown}");
    assert!(shown.contains("./A") && shown.contains("0x1"), "addresses and codes are: {shown}");
}

#[cfg(feature = "serde")]
#[test]
fn outcomes_are_stored_exactly() {
    let outcome = outcome();
    let text = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome);
    let order = Order::new(7, Command::get("./A"));
    let text = serde_json::to_string(&order).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), order);
    assert!(serde_json::from_str::<Order>(&text.replacen('{', "{\"x\":1,", 1)).is_err());
}

#[cfg(feature = "serde")]
#[test]
fn forged_elements_are_refused() {
    let text = |steps: &str| format!("{{\"Element\":[{steps}]}}");
    let good = r#"{"Other":["","a"]},{"Text":"x"},"End""#;
    assert!(serde_json::from_str::<Data>(&text(good)).is_ok());
    for bad in [
        "",
        r#""End""#,
        r#"{"Text":"x"}"#,
        r#"{"Other":["","a"]}"#,
        r#"{"Other":["","a"]},"End","End""#,
        r#"{"Other":["","a"]},"End",{"Other":["","a"]},"End""#,
        r#"{"Other":["","a"]},{"Text":""},"End""#,
        r#"{"Other":["","a"]},{"Text":"x"},{"Text":"y"},"End""#,
        r#"{"Other":["","a"]},{"Text":"x"},{"Attribute":["","a","b"]},"End""#,
        r#"{"Known":["syncml:dmddf1.2","NoSuchElement"]},"End""#,
        r#"{"Known":["no namespace","MgmtTree"]},"End""#,
    ] {
        assert!(serde_json::from_str::<Data>(&text(bad)).is_err(), "{bad}");
    }
}
