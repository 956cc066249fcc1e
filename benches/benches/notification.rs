//! Package#0: parse, verify, sign and encode.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dm_notification::dm1;
use dm_notification::{
    Account, Credentials, Limits, Notification, NotificationBuilder, Policy, Receiver, Strictness, UnixSeconds,
};
use sha2::{Digest, Sha256};

/// All six options, 85 bytes.
const TYPICAL: &[u8] = include_bytes!("../../tests/vectors/notification/v4_typical.bin");
/// The smallest: SERVER-ID alone, 13 bytes.
const SMALL: &[u8] = include_bytes!("../../tests/vectors/notification/v1_server_id.bin");
/// The largest SERVER-ID, 274 bytes.
const LARGE: &[u8] = include_bytes!("../../tests/vectors/notification/server_id_270.bin");
/// With these, 121 bytes of `TYPICAL` are hashed.
const SECRET: &[u8] = b"0123456789abcdef";
const AUTH_DATA: &[u8] = b"20-byte-auth-data-01";

/// DM 1.x: the smallest, 25 bytes, and a typical one, 42.
const DM1_SMALL: &[u8] = include_bytes!("../../tests/vectors/notification/dm1/c_nonce.bin");
const DM1_TYPICAL: &[u8] = include_bytes!("../../tests/vectors/notification/dm1/a_nonce.bin");
/// The typical one in a short message, with all its framing.
const DM1_SMS: &[u8] = include_bytes!("../../tests/vectors/notification/dm1/sms/vector_a.bin");

/// The most work for its length: 31 unknown options, read leniently.
fn hostile() -> Vec<u8> {
    let mut wire = vec![0x2f, 0x80];
    wire.extend([0xf0; 31]);
    wire
}

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("notification/parse");
    let hostile = hostile();
    for (name, wire) in [("13", SMALL), ("85", TYPICAL), ("274", LARGE), ("hostile-33", &hostile)] {
        group.throughput(Throughput::Bytes(wire.len() as u64));
        group.bench_with_input(BenchmarkId::new("dm-notification", name), wire, |b, wire| {
            b.iter(|| Notification::parse_with(black_box(wire), Strictness::Lenient, &Limits::DEFAULT));
        });
    }
    group.finish();
}

fn verify(c: &mut Criterion) {
    let mut group = c.benchmark_group("notification/verify");
    let read = Notification::parse(TYPICAL).unwrap();
    assert!(read.verify(SECRET, AUTH_DATA).is_ok());
    let joined = [SECRET, &read.digest_input().unwrap().concat(), AUTH_DATA].concat();
    group.throughput(Throughput::Bytes(joined.len() as u64));
    group.bench_function(BenchmarkId::new("dm-notification", joined.len()), |b| {
        b.iter(|| black_box(&read).verify(black_box(SECRET), black_box(AUTH_DATA)));
    });
    // The floor: the same bytes already joined, and nothing compared.
    group.bench_function(BenchmarkId::new("sha2", joined.len()), |b| b.iter(|| Sha256::digest(black_box(&joined))));
    group.finish();
}

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("notification/encode");
    let read = Notification::parse(TYPICAL).unwrap();
    let built = NotificationBuilder::try_from(&read).unwrap();
    let signed = built.sign(SECRET, AUTH_DATA);
    group.throughput(Throughput::Bytes(TYPICAL.len() as u64));
    group.bench_function(BenchmarkId::new("dm-notification/vec", TYPICAL.len()), |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            black_box(&signed).encode(&mut out).unwrap();
            black_box(out.len())
        });
    });
    group.bench_function(BenchmarkId::new("dm-notification/slice", TYPICAL.len()), |b| {
        let mut out = [0; 128];
        b.iter(|| {
            let mut left = &mut out[..];
            black_box(&signed).encode(&mut left).unwrap();
            black_box(left.len())
        });
    });
    group.bench_function(BenchmarkId::new("dm-notification/sign", TYPICAL.len()), |b| {
        b.iter(|| black_box(&built).sign(black_box(SECRET), black_box(AUTH_DATA)));
    });
    group.finish();
}

fn receive(c: &mut Criterion) {
    let mut group = c.benchmark_group("notification/receive");
    let accounts =
        [Account::new("management-7.region-2.dm.example.net").with_credentials(Credentials::new(SECRET, AUTH_DATA))];
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let now = Some(UnixSeconds(0x6592_0080));
    // After the first it is a duplicate: the whole way but for the memory.
    group.bench_function(BenchmarkId::new("dm-notification/duplicate", TYPICAL.len()), |b| {
        b.iter(|| black_box(receiver.receive(now, black_box(TYPICAL), &accounts[..])));
    });
    group.finish();
}

fn dm1(c: &mut Criterion) {
    let credentials = dm1::Credentials::new(b"srvpassword", b"Nonce");
    let stored = dm1::Credentials::from_hash("PJFom3w2SeOTLfTJ4SWl0A==", b"Nonce");

    let mut group = c.benchmark_group("notification1/parse");
    // Nothing bounds vendor data but the limit.
    let large = [DM1_TYPICAL, &[0; 4096 - 42]].concat();
    for (name, wire) in [("25", DM1_SMALL), ("42", DM1_TYPICAL), ("4096", &large)] {
        group.throughput(Throughput::Bytes(wire.len() as u64));
        group.bench_with_input(BenchmarkId::new("dm-notification", name), wire, |b, wire| {
            b.iter(|| dm1::Notification::parse(black_box(wire)));
        });
    }
    group.throughput(Throughput::Bytes(DM1_SMS.len() as u64));
    group.bench_function(BenchmarkId::new("dm-notification/framed", DM1_SMS.len()), |b| {
        b.iter(|| {
            let data = dm1::sms::UserData::parse(black_box(DM1_SMS))?;
            dm1::wsp::Push::parse(data.body)?.notification().map(<[u8]>::len)
        });
    });
    group.finish();

    let mut group = c.benchmark_group("notification1/verify");
    // From a password three hashes, from a stored hash two; 4096 bytes are what anybody can make a device hash.
    for (name, wire) in [("42", DM1_TYPICAL), ("hostile-4096", &large)] {
        let read = dm1::Notification::parse(wire).unwrap();
        group.throughput(Throughput::Bytes(wire.len() as u64));
        for (kind, credentials) in [("password", credentials), ("hash", stored)] {
            assert_eq!(read.verify(&credentials).is_ok(), name == "42");
            group.bench_function(BenchmarkId::new(format!("dm-notification/{kind}"), name), |b| {
                b.iter(|| black_box(&read).verify(black_box(&credentials)));
            });
        }
    }
    group.finish();

    let mut group = c.benchmark_group("notification1/receive");
    let accounts = [dm1::Account::new("com.mgmtsrv.manage").with_credentials(credentials)];
    let mut receiver: dm1::Receiver = dm1::Receiver::new(dm1::Policy::DEFAULT);
    let now = Some(UnixSeconds(0x6592_0080));
    // After the first it is a duplicate: the whole way but for the memory.
    group.bench_function(BenchmarkId::new("dm-notification/duplicate", DM1_TYPICAL.len()), |b| {
        b.iter(|| black_box(receiver.receive(now, black_box(DM1_TYPICAL), &accounts[..])));
    });
    group.finish();
}

criterion_group!(benches, parse, verify, encode, receive, dm1);
criterion_main!(benches);
