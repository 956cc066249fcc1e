//! Every row of the contract of a DM 1.x store, run against `MoTree`: a test for each, named by its id.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use dm_session::tree::MoTree;
use dm_session::tree::conformance::{self, Setup, Subject, Verdict};
use dm_session::tree::dm1::{Command, Outcome, Principal, Request, Store};
use dm_syncml::StatusCode;

fn tree(setup: &Setup) -> Option<Box<dyn Subject>> {
    Some(Box::new(setup.build_tree().unwrap()))
}

fn passes(name: &str) {
    let row = conformance::rows().find(|row| row.id.eq_ignore_ascii_case(name)).unwrap();
    match conformance::run(row, &mut tree) {
        Verdict::Passed => {}
        Verdict::Failed(failure) => panic!("{failure} ({})", row.title),
        verdict => panic!("{}: {verdict:?} ({})", row.id, row.title),
    }
}

macro_rules! rows {
    ($( $name:ident )+) => {
        /// The tests, in the order of the table.
        const TESTS: &[&str] = &[$(stringify!($name)),+];

        $(
            #[test]
            fn $name() {
                passes(stringify!($name));
            }
        )+
    };
}

rows! {
    u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15 u16 u17 u18
    g1 g2 g3 g4 g5 g6 g7 g8 g9 g10 g11 g12 g13 g14 g15 g16 g17
    p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15 p16 p17 p18 p19
    n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11
    a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18 a19 a20 a21 a22 a23 a24 a25
    r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15
    x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11
    y1 y2 y3 y4 y5 y6 y7 y8 y9
    e1 e2 e3 e4 e5 e6
    c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 c11 c12 c13 c14 c15 c16 c17 c18 c19 c20 c21
    l1 l2 l3 l4 l5 l6 l7 l8 l9 l10 l11 l12 l13
    t1 t2 t3 t4 t5 t6 t7 t8 t9 t10 t11 t12 t13 t14 t15 t16 t17 t18 t19 t20 t21 t22
    m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 m13
    s1 s2 s3 s4 s5
    i1 i2 i3 i4
    f1 f2 f3 f4
    b1 b2 b3 b4 b5
    z1 z2 z3 z4 z5 z6
    w01 w02 w03 w04 w05 w06 w07 w08 w09 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20
    w21 w22 w23 w24 w25 w26 w27 w28 w29 w30 w31 w32 w33 w34 w35 w36 w37 w38 w39 w40
}

#[test]
fn every_row_is_a_test() {
    let rows: Vec<String> = conformance::rows().map(|row| row.id.to_lowercase()).collect();
    assert_eq!(rows, TESTS);
    let wrong = rows.iter().filter(|row| row.starts_with('w')).count();
    assert_eq!((rows.len() - wrong, wrong), (224, 40));
}

#[test]
fn a_host_without_a_store_skips_rows() {
    let report = conformance::run_all(&mut |_: &Setup| -> Option<Box<dyn Subject>> { None });
    assert_eq!((report.passed, report.skipped.len(), report.failures.len()), (0, TESTS.len(), 0));
    assert!(report.to_string().starts_with("0 passed, 264 skipped, 0 failed\n"), "{report}");
}

/// A store with a mistake, which shows to servers only.
struct Mistaken(MoTree, Mistake);
type Mistake = fn(&mut MoTree, &Request) -> Outcome;

impl Store for Mistaken {
    fn apply(&mut self, request: &Request) -> Outcome {
        match request.principal {
            Principal::Server(_) => (self.1)(&mut self.0, request),
            _ => self.0.apply(request),
        }
    }
}

impl Subject for Mistaken {}

fn catches(rows: &[&str], mistake: Mistake) {
    for id in rows {
        let row = conformance::rows().find(|row| row.id == *id).unwrap();
        let mut store = |setup: &Setup| Some(Box::new(Mistaken(setup.build_tree().ok()?, mistake)) as Box<dyn Subject>);
        let verdict = conformance::run(row, &mut store);
        assert!(matches!(verdict, Verdict::Failed(_)), "{row:?}: {verdict:?}");
    }
}

/// The answer with something done to it.
fn answered(tree: &mut MoTree, request: &Request, change: impl FnOnce(&mut dm_session::tree::dm1::Answer)) -> Outcome {
    match tree.apply(request) {
        Outcome::Done(mut answer) => {
            change(&mut answer);
            Outcome::Done(answer)
        }
        ask => ask,
    }
}

/// The same request of someone else, or for something else.
fn instead(request: &Request, principal: Principal, command: Command) -> Request {
    let mut other = request.clone();
    other.principal = principal;
    other.command = command;
    other
}

#[test]
fn rows_catch_replace_that_creates() {
    catches(&["R2"], |tree, request| match (&request.command, tree.apply(request)) {
        (Command::Replace { uri, content }, Outcome::Done(answer)) if answer.status == StatusCode::NOT_FOUND => {
            let command = Command::add(uri.clone(), content.clone());
            tree.apply(&instead(request, request.principal.clone(), command))
        }
        (_, outcome) => outcome,
    });
}

#[test]
fn rows_catch_a_refused_command_that_changes_something() {
    catches(&["R7", "R8", "P15", "X6", "X7"], |tree, request| match (&request.command, tree.apply(request)) {
        (Command::Replace { .. } | Command::Delete { .. }, Outcome::Done(answer)) if !answer.status.is_success() => {
            tree.apply(&instead(request, Principal::Local, Command::add("./Vendor/Left", "over")));
            Outcome::Done(answer)
        }
        (_, outcome) => outcome,
    });
}

#[test]
fn rows_catch_reading_that_counts() {
    catches(&["G1", "P14", "L1"], |tree, request| match request.command {
        Command::Get { .. } => {
            tree.apply(&instead(request, Principal::Local, Command::replace("./Vendor/Own/x", "1")));
            tree.apply(request)
        }
        _ => tree.apply(request),
    });
}

#[test]
fn rows_catch_a_source_in_another_style() {
    catches(&["U3", "G1", "P2", "G6"], |tree, request| {
        answered(tree, request, |answer| {
            for item in &mut answer.results {
                item.source = match item.source.strip_prefix("./") {
                    Some(rest) => rest.into(),
                    None => format!("./{}", item.source),
                };
            }
        })
    });
}

#[test]
fn rows_catch_meta_of_a_property() {
    catches(&["P1", "P2", "P6", "C2"], |tree, request| {
        answered(tree, request, |answer| {
            for item in &mut answer.results {
                item.media_type.get_or_insert_with(|| "text/plain".into());
            }
        })
    });
}

#[test]
fn rows_catch_data_of_no_element() {
    catches(&["G5", "G7", "G15", "P1", "L1"], |tree, request| {
        answered(tree, request, |answer| answer.results.iter_mut().for_each(|item| item.has_data = !item.has_data))
    });
}

#[test]
fn rows_catch_servers_that_are_the_device() {
    catches(&["G9", "G11", "G13", "A7", "R8", "R10", "N8", "X3", "X4", "Y9", "C7", "L4"], |tree, request| {
        tree.apply(&instead(request, Principal::Local, request.command.clone()))
    });
}

#[test]
fn rows_catch_a_store_that_does_nothing() {
    // Rows about what is not even asked of the store, and about what the device itself or a bootstrap does.
    const NOT_OF_SERVERS: [&str; 9] = ["C19", "E5", "M8", "B1", "B2", "B3", "B4", "B5", "W35"];
    let mistake: Mistake = |_, _| Outcome::status(StatusCode::OK);
    let mut store = |setup: &Setup| Some(Box::new(Mistaken(setup.build_tree().ok()?, mistake)) as Box<dyn Subject>);
    let passed = conformance::rows().filter(|row| conformance::run(row, &mut store) == Verdict::Passed);
    let unexpected: Vec<_> = passed.filter(|row| !NOT_OF_SERVERS.contains(&row.id)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
}
