//! Atomic (§18.11).

use super::rows_delete::MAIL_CHILDREN;
use super::rows_tnds::{MAIL2, object};
use super::{MAIL, On, Row, Run, Setup, Step};
use crate::tree::dm1::{Command, Principal, Reply};
use crate::tree::{External, Operation, Outcome, Store as _, TreeErrorKind};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use dm_syncml::StatusCode;

pub(super) const ROWS: &[Row] = &[
    Row::new("M1", "all succeed", m1),
    Row::new("M2", "one fails: nothing has happened", m2),
    Row::new("M3", "a deleted sub-tree comes back where it was", m3),
    Row::new("M4", "a rename is undone", m4),
    Row::new("M5", "an ACL is undone", m5),
    Row::new("M6", "a later command sees what an earlier one did", m6),
    Row::new("M7", "parents made on the way are undone", m7),
    Row::new("M8", "Get in an Atomic", m8),
    Row::new("M9", "the host refuses at the end", m9),
    Row::new("M10", "the host cannot undo", m10),
    Row::new("M11", "a new ACL holds at once", m11),
    Row::new("M12", "a TNDS object is undone", m12),
    Row::new("M13", "nobody else writes, or sees what may be undone", m13),
];

/// The commands as an Atomic, as a session carries them out; these are the statuses of the Atomic and the commands.
/// One that failed left everything as it was, but for what could not be undone (516).
pub(super) fn atomic(run: &mut Run<'_>, commands: &[Command], status: u32, children: &[u32]) -> Step {
    run.atomic(commands.iter().cloned())?.statuses(status, children).map(drop)
}

fn m1(run: &mut Run<'_>) -> Step {
    let commands = [
        Command::replace("./Vendor/Mail/Server", "other.example.net"),
        Command::add("./Vendor/Mail/N", "n"),
        Command::delete("./Vendor/Mail/Note"),
    ];
    atomic(run, &commands, 200, &[200, 200, 200])?;
    run.holds("Mail/Server", "other.example.net")?;
    run.holds("Mail/N", "n")?;
    run.gone("Mail/Note")?;
    run.has_children("Mail", &["Server", "Port", "Icon", "Secret", "Keep", "Run", "N"])?;
    run.has_verno("Mail/Server", 1)?;
    run.has_verno("Mail", 2)
}

fn m2(run: &mut Run<'_>) -> Step {
    let commands = [
        Command::replace("./Vendor/Mail/Server", "other.example.net"),
        Command::add("./Vendor/Mail", "x"),
        Command::delete("./Vendor/Mail/Note"),
    ];
    atomic(run, &commands, 507, &[216, 418, 215])?;
    run.holds("Mail/Server", "mail.example.net")?;
    run.has_verno("Mail/Server", 0)
}

pub(super) fn m3(run: &mut Run<'_>) -> Step {
    run.setup(titled);
    let same = client_uri(run);
    let commands = [Command::delete("./Vendor/Mail"), Command::replace("./Vendor/Missing", "x")];
    atomic(run, &commands, 507, &[216, 404])?;
    run.has_children("Mail", &MAIL_CHILDREN)?;
    run.has_prop("Mail", "Title", "Post")?;
    run.has_prop("Mail", "ACL", "Delete=S1&Get=*")?;
    run.has_verno("./Vendor", 0)?;
    let now = client_uri(run);
    run.check(now == same, "the ClientURI of ./Vendor/Mail/Port", &format!("{same:?}"), now)
}

/// How DM 2.0 names `Mail/Port`, where it can: by the instance, which a roll back gives back.
fn client_uri(run: &mut Run<'_>) -> Option<String> {
    run.mo_tree().ok()?.node_at("./Vendor/Mail/Port").map(|node| node.uri())
}

/// `Mail` with an ACL and a Title, as are two leaves of it.
pub(super) fn titled(setup: &mut Setup) {
    let mail = setup.node("Mail");
    mail.acl = Some("Delete=S1&Get=*".to_owned());
    mail.title = Some("Post".to_owned());
    setup.node("Mail/Server").title = Some("Where mail is".to_owned());
    setup.node("Mail/Keep").acl = Some("Delete=S1&Get=S1".to_owned());
}

fn m4(run: &mut Run<'_>) -> Step {
    let commands = [Command::replace("./Vendor/Mail?prop=Name", "Post"), Command::replace("./Vendor/Post/Port", "abc")];
    atomic(run, &commands, 507, &[216, 415])?;
    run.has_prop("Mail", "Name", "Mail")?;
    run.gone("Post")?;
    run.holds("Mail/Port", "993")?;
    run.has_verno("./Vendor", 0)
}

fn m5(run: &mut Run<'_>) -> Step {
    let commands = [Command::replace("./Vendor/Mail?prop=ACL", "Get=S2"), Command::delete("./Vendor/Missing")];
    atomic(run, &commands, 507, &[216, 404])?;
    run.has_prop("Mail", "ACL", "")?;
    run.get("Mail/Port").status(200)?.value("993").map(drop)
}

fn m6(run: &mut Run<'_>) -> Step {
    let commands = [Command::add("./Vendor/Mail/N", "first"), Command::replace("./Vendor/Mail/N", "second")];
    atomic(run, &commands, 200, &[200, 200])?;
    run.holds("Mail/N", "second")?;
    run.has_prop("Mail/N", "VerNo", "1")
}

fn m7(run: &mut Run<'_>) -> Step {
    let commands = [Command::add("./Vendor/New/Sub/L", "x"), Command::delete("./Vendor/Missing")];
    atomic(run, &commands, 507, &[216, 404])?;
    run.gone("New")?;
    run.gone("New/Sub/L")
}

fn m8(run: &mut Run<'_>) -> Step {
    let commands =
        [Command::replace("./Vendor/Mail/Server", "other.example.net"), Command::get("./Vendor/Mail/Server")];
    atomic(run, &commands, 507, &[216, 500])?;
    run.holds("Mail/Server", "mail.example.net")
}

fn m9(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.external([("Note", External::Deferred)]));
    run.on(On::Set, "Mail/Note", Reply::Failed(StatusCode::FORBIDDEN));
    let commands =
        [Command::replace("./Vendor/Mail/Server", "other.example.net"), Command::replace("./Vendor/Mail/Note", "new")];
    atomic(run, &commands, 507, &[216, 216]).or_else(|_| {
        run.setup(|setup| setup.external([("Note", External::Deferred)]));
        run.on(On::Set, "Mail/Note", Reply::Failed(StatusCode::FORBIDDEN));
        atomic(run, &commands, 507, &[216, 403])
    })?;
    run.holds("Mail/Server", "mail.example.net")?;
    run.holds("Mail/Note", "")?;
    run.has_verno("Mail/Note", 0)
}

fn m10(run: &mut Run<'_>) -> Step {
    run.setup(|setup| setup.external([("Note", External::Immediate)]));
    run.on(On::Undo, "Mail/Note", Reply::Failed(StatusCode::COMMAND_FAILED));
    let commands = [
        Command::replace("./Vendor/Mail/Server", "other.example.net"),
        Command::replace("./Vendor/Mail/Note", "new"),
        Command::delete("./Vendor/Missing"),
    ];
    atomic(run, &commands, 507, &[216, 516, 404])?;
    // The rest of the undo still ran.
    run.holds("Mail/Server", "mail.example.net")?;
    run.has_verno("Mail/Server", 0)
}

fn m11(run: &mut Run<'_>) -> Step {
    let commands = [
        Command::replace("./Vendor/Own?prop=ACL", "Get=S1&Replace=S1"),
        Command::replace("./Vendor/Own?prop=Name", "O2"),
    ];
    atomic(run, &commands, 200, &[200, 200])?;
    run.gone("Own")?;
    run.has_prop("O2", "ACL", "Get=S1&Replace=S1")?;
    run.get("O2/x").status(200)?.value("1").map(drop)
}

fn m12(run: &mut Run<'_>) -> Step {
    let commands = [Command::add("./Vendor", object(MAIL2)), Command::delete("./Vendor/Missing")];
    atomic(run, &commands, 507, &[216, 404])?;
    run.gone("Mail2")
}

fn m13(run: &mut Run<'_>) -> Step {
    let before = run.snapshot()?;
    run.apply(Command::Begin).status(200)?;
    run.replace("Mail/Server", "other.example.net").status(200)?;
    // The device itself: it neither writes nor sees what may be undone.
    for principal in [Principal::Local, Principal::Server("S2".to_owned())] {
        run.principal = principal;
        run.replace("Mail/Note", "mine").status(403)?;
        run.delete("Mail/Port").status(403)?;
        let seen = run.apply(Command::get("./Vendor/Mail/Server")).answer()?;
        let value = seen.results.first().and_then(|item| super::text_of(&item.data));
        let before_or_busy = seen.status == StatusCode::FORBIDDEN || value == Some("mail.example.net");
        run.check(before_or_busy, "Get of another during an Atomic", "403 or the old value", seen)?;
    }
    if let Ok(tree) = run.mo_tree() {
        let busy = tree.set_value(MAIL, "Mail", "Note", "mine");
        let kind = busy.as_ref().err().map(crate::tree::TreeError::kind);
        run.check(kind == Some(TreeErrorKind::Busy), "a method of the tree during an Atomic", "busy", busy)?;
        let uris = Vec::from(["net.example.dm%2F1.0%2FMail/Mail/Server".to_owned()]);
        let read = run.mo_tree()?.manage(&Operation::Read { server_id: "dm.example".to_owned(), uris });
        let busy = matches!(&read, Outcome::Status(status) if status.as_u16() == 503);
        run.check(busy, "GET by DM 2.0 during an Atomic", "503", read)?;
    }
    run.principal = Principal::Server("S1".to_owned());
    run.apply(Command::Rollback).status(200)?;
    let after = run.snapshot()?;
    before.compare("roll back", &after)?;
    run.apply(Command::Begin).status(200)?;
    run.replace("Mail/Server", "other.example.net").status(200)?;
    run.apply(Command::Commit).status(200)?;
    run.local().get("Mail/Server").status(200)?.value("other.example.net").map(drop)
}
