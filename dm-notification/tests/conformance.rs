//! One test for each row of the static conformance requirements that concerns Package#0 (OMA-TS-DM_Protocol-V2_0, App. B):
//! what the client does with a notification and what the server puts into one. What Package#1 makes of it is tested in
//! `dm-session`.
#![cfg(feature = "alloc")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod files;

use dm_notification::{
    Account, ConType, Credentials, ErrorKind, Ignored, Limits, Notification, NotificationBuilder, NotificationId,
    OptionNumber, Outcome, Policy, Receiver, Strictness, Trigger, UnixSeconds,
};
use files::Vector;

const SECRET: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const DATA: &[u8] = b"nonce-A1";
const NOW: UnixSeconds = UnixSeconds(1_388_534_400);

fn plain() -> [Account<'static>; 1] {
    [Account::new("dm.example")]
}

fn provisioned() -> [Account<'static>; 1] {
    [Account::new("dm.example").with_credentials(Credentials::new(SECRET, DATA))]
}

fn receiver() -> Receiver {
    Receiver::new(Policy::DEFAULT)
}

fn once<'a>(wire: &[u8], accounts: &'a [Account<'a>]) -> Outcome<'a> {
    receiver().receive(Some(NOW), wire, accounts)
}

fn triggered<'a>(wire: &[u8], accounts: &'a [Account<'a>]) -> Trigger<'a> {
    once(wire, accounts).trigger().unwrap_or_else(|| panic!("no trigger: {:?}", once(wire, accounts)))
}

fn built() -> NotificationBuilder<'static> {
    NotificationBuilder::new("dm.example").unwrap()
}

fn refusal(wire: &[u8], mode: Strictness) -> ErrorKind {
    Notification::parse_with(wire, mode, &Limits::DEFAULT).unwrap_err().kind()
}

#[test]
fn dm_pack_002_c_o_accepts_package_0() {
    let two = [Account::new("other.example"), provisioned()[0]];
    let trigger = triggered(&Vector::named("v2_all_options"), &two);
    assert_eq!(trigger.server_id, "dm.example");
    assert!(trigger.authenticated);
    for vector in Vector::all() {
        if Notification::parse(&vector.bytes).is_err() {
            let outcome = once(&vector.bytes, &two);
            assert!(matches!(outcome, Outcome::Ignored(Ignored::Unreadable(_))), "{}", vector.name);
        }
    }
}

#[test]
fn dm_pack_003_c_m_accepts_version_2_only() {
    let mut wire = Vector::named("v1_server_id");
    assert_eq!(triggered(&wire, &plain()).server_id, "dm.example");
    for version in (0..16).filter(|version| *version != 2) {
        wire[0] = version << 4;
        for mode in [Strictness::Strict, Strictness::Lenient] {
            assert_eq!(refusal(&wire, mode), ErrorKind::UnsupportedVersion);
        }
        assert_eq!(once(&wire, &plain()).trigger(), None);
    }
}

#[test]
fn dm_pack_004_c_m_counts_options_by_oc() {
    let whole = Vector::named("v2_all_options");
    let ends = [13, 15, 18, 52, 57, 58];
    for (count, end) in (1..=6_u8).zip(ends) {
        let mut wire = whole[..end].to_vec();
        wire[..2].copy_from_slice(&[0x20 | count >> 1, count << 7]);
        let read = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).unwrap();
        assert_eq!(read.options().count(), usize::from(count));
        // OC greater than the content, in both modes.
        let cut = &wire[..if count == 1 { 2 } else { ends[usize::from(count) - 2] }];
        assert_eq!(refusal(cut, Strictness::Strict), ErrorKind::UnexpectedEnd);
        assert_eq!(refusal(cut, Strictness::Lenient), ErrorKind::UnexpectedEnd);
        // OC smaller than the content: trailing bytes.
        if end < whole.len() {
            let mut padded = whole.clone();
            padded[..2].copy_from_slice(&wire[..2]);
            assert_eq!(refusal(&padded, Strictness::Strict), ErrorKind::TrailingBytes);
            let read = Notification::parse(&padded).unwrap();
            assert_eq!((read.as_bytes(), read.trailing()), (&wire[..], &whole[end..]));
        }
    }
}

#[test]
fn dm_pack_005_c_m_finds_the_account_by_server_id() {
    let ids = [14, 15, 270].map(|len| "a".repeat(len));
    let accounts: Vec<_> = ids.iter().map(|id| Account::new(id)).collect();
    for (len, id) in [14, 15, 270].into_iter().zip(&ids) {
        let wire = Vector::named(&format!("server_id_{len}"));
        assert_eq!(triggered(&wire, &accounts).server_id, id);
    }
    assert_eq!(once(&Vector::named("v1_server_id"), &accounts), Outcome::Ignored(Ignored::UnknownServer));
    assert_eq!(once(&Vector::named("req_mos_alone"), &accounts), Outcome::Ignored(Ignored::NoServerId));
    assert_eq!(once(&Vector::named("no_options"), &plain()), Outcome::Ignored(Ignored::NoServerId));
    // Byte for byte: no case folding, no normalisation.
    let upper = NotificationBuilder::new("DM.example").unwrap().to_vec();
    assert_eq!(once(&upper, &plain()), Outcome::Ignored(Ignored::UnknownServer));
}

#[test]
fn dm_pack_006_c_m_surfaces_the_preferred_con_type() {
    let choices = [ConType::Any, ConType::Cellular, ConType::Wlan, ConType::Wireline];
    for (byte, con_type) in (0..=3).zip(choices) {
        let wire = [&b"\x21\x00\x1adm.example\x11"[..], &[byte]].concat();
        assert_eq!(triggered(&wire, &plain()).con_type, con_type);
    }
    let wire = b"\x21\x00\x1adm.example\x11\x7f";
    assert_eq!(triggered(wire, &plain()).con_type, ConType::Any);
    assert_eq!(Notification::parse(wire).unwrap().con_type(), Some(ConType::Unknown(0x7f)));
    assert_eq!(triggered(&Vector::named("v1_server_id"), &plain()).con_type, ConType::Any);
}

#[test]
fn dm_pack_007_c_o_spots_duplicates_by_notification_id() {
    let accounts = [Account::new("dm.example"), Account::new("other.example")];
    let mut receiver = receiver();
    let wire = built().notification_id(NotificationId(0xbeef)).to_vec();
    let trigger = receiver.receive(Some(NOW), &wire, &accounts[..]).trigger().unwrap();
    assert_eq!(trigger.notification_id, Some(NotificationId(0xbeef)));
    assert_eq!(receiver.receive(Some(NOW), &wire, &accounts[..]), Outcome::Ignored(Ignored::Duplicate));
    // The id counts, not the bytes; and it counts for one server.
    let reworded = built().notification_id(NotificationId(0xbeef)).req_mos().to_vec();
    assert_eq!(receiver.receive(Some(NOW), &reworded, &accounts[..]), Outcome::Ignored(Ignored::Duplicate));
    let other = NotificationBuilder::new("other.example").unwrap().notification_id(NotificationId(0xbeef)).to_vec();
    assert!(receiver.receive(Some(NOW), &other, &accounts[..]).trigger().is_some());
    // After the window it may be used again.
    assert_eq!(receiver.receive(Some(UnixSeconds(NOW.0 + 300)), &wire, &accounts[..]).trigger(), None);
    assert!(receiver.receive(Some(UnixSeconds(NOW.0 + 301)), &wire, &accounts[..]).trigger().is_some());
    for name in ["notification_id_1_byte", "notification_id_3_bytes", "notification_id_empty"] {
        assert_eq!(refusal(&Vector::named(name), Strictness::Lenient), ErrorKind::NotificationIdLength);
    }
}

#[test]
fn dm_pack_008_c_o_verifies_the_digest() {
    let v3_account = [Account::new("management.example.net").with_credentials(Credentials::new(b"s3cr3t", b""))];
    let v2 = Vector::named("v2_all_options");
    assert!(triggered(&v2, &provisioned()).authenticated);
    assert!(triggered(&Vector::named("v3_skipped_number"), &v3_account).authenticated);
    for bit in 20 * 8..52 * 8 {
        let mut wire = v2.clone();
        wire[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(once(&wire, &provisioned()), Outcome::Ignored(Ignored::WrongDigest));
    }
    for credentials in [Credentials::new(b"guess", DATA), Credentials::new(SECRET, b"nonce-A2")] {
        let accounts = [Account::new("dm.example").with_credentials(credentials)];
        assert_eq!(once(&v2, &accounts), Outcome::Ignored(Ignored::WrongDigest));
    }
    assert_eq!(once(&v2, &plain()), Outcome::Ignored(Ignored::NoCredentials));
    for name in ["digest_31_bytes", "digest_33_bytes"] {
        assert_eq!(refusal(&Vector::named(name), Strictness::Lenient), ErrorKind::DigestLength);
    }
}

#[test]
fn dm_pack_009_c_o_refuses_old_times() {
    let at = |seconds| built().timestamp(UnixSeconds(seconds)).sign(SECRET, DATA).to_vec();
    for seconds in [NOW.0 - 300, NOW.0, NOW.0 + 300] {
        assert!(triggered(&at(seconds), &provisioned()).authenticated);
    }
    for seconds in [0, NOW.0 - 301, NOW.0 + 301, u64::MAX] {
        assert_eq!(once(&at(seconds), &provisioned()), Outcome::Ignored(Ignored::OutsideWindow));
    }
    // A replay, at any later time.
    let mut receiver = receiver();
    let accounts = provisioned();
    assert!(receiver.receive(Some(NOW), &at(NOW.0 + 300), &accounts[..]).trigger().is_some());
    for later in [0, 1, 300, 301, 599, 600, 601, 10_000] {
        let replayed = receiver.receive(Some(UnixSeconds(NOW.0 + later)), &at(NOW.0 + 300), &accounts[..]);
        assert_eq!(replayed.trigger(), None, "after {later} s");
    }
    // Without a clock only later times pass.
    assert_eq!(receiver.receive(None, &at(NOW.0 + 300), &accounts[..]).trigger(), None);
    assert_eq!(receiver.receive(None, &at(NOW.0 + 299), &accounts[..]), Outcome::Ignored(Ignored::Replayed));
    assert!(receiver.receive(None, &at(NOW.0 + 301), &accounts[..]).trigger().is_some());
}

#[test]
fn dm_pack_010_c_m_honours_req_mos() {
    assert!(triggered(&built().req_mos().to_vec(), &plain()).req_mos);
    assert!(!triggered(&built().to_vec(), &plain()).req_mos);
    let with_value = Vector::named("req_mos_value");
    assert!(triggered(&with_value, &plain()).req_mos);
    assert_eq!(refusal(&with_value, Strictness::Strict), ErrorKind::ReqMosLength);
}

#[test]
fn dm_pack_002_s_m_produces_package_0() {
    let all = built().con_type(ConType::Wlan).notification_id(NotificationId(0xbeef)).timestamp(NOW).req_mos();
    assert_eq!(built().to_vec(), Vector::named("v1_server_id"));
    assert_eq!(all.sign(SECRET, DATA).to_vec(), Vector::named("v2_all_options"));
    let v3 = NotificationBuilder::new("management.example.net").unwrap().notification_id(NotificationId(1));
    assert_eq!(v3.sign(b"s3cr3t", b"").to_vec(), Vector::named("v3_skipped_number"));
}

/// Every choice of the options beside SERVER-ID, with how many options that makes.
fn subsets() -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..32_u8).map(|choice| {
        let mut b = built();
        if choice & 1 != 0 {
            b = b.con_type(ConType::Cellular);
        }
        if choice & 2 != 0 {
            b = b.notification_id(NotificationId(1));
        }
        if choice & 4 != 0 {
            b = b.timestamp(NOW);
        }
        if choice & 8 != 0 {
            b = b.req_mos();
        }
        let wire = if choice & 16 != 0 { b.sign(SECRET, DATA).to_vec() } else { b.to_vec() };
        (1 + choice.count_ones() as usize, wire)
    })
}

#[test]
fn dm_pack_003_s_m_sets_version_2() {
    assert!(subsets().all(|(_, wire)| wire[0] >> 4 == 2));
}

#[test]
fn dm_pack_004_s_m_sets_the_true_option_count() {
    for (count, wire) in subsets() {
        let header = u16::from_be_bytes([wire[0], wire[1]]);
        assert_eq!(usize::from(header >> 7 & 0x1f), count);
        assert_eq!(header & 0x7f, 0);
        let read = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).unwrap();
        let numbers: Vec<_> = read.options().map(|option| u16::from(option.number)).collect();
        assert_eq!(numbers.len(), count);
        assert!(numbers.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn dm_pack_005_s_m_encodes_server_id() {
    for len in 1..=270 {
        let id = "a".repeat(len);
        let wire = NotificationBuilder::new(&id).unwrap().to_vec();
        let head: &[u8] = &if len < 15 { vec![0x10 | len as u8] } else { vec![0x1f, (len - 15) as u8] };
        assert_eq!(wire, [b"\x20\x80", head, id.as_bytes()].concat());
    }
    let refused = |id: &str| NotificationBuilder::new(id).map(|_| ()).map_err(|e| (e.kind(), e.offset()));
    assert_eq!(refused(&"a".repeat(271)), Err((ErrorKind::ServerIdTooLong, 270)));
    assert_eq!(refused(""), Err((ErrorKind::ServerIdEmpty, 0)));
    assert_eq!(refused("dm\nexample"), Err((ErrorKind::ServerIdText, 2)));
}

#[test]
fn dm_pack_006_s_m_encodes_preferred_con_type() {
    let choices = [ConType::Any, ConType::Cellular, ConType::Wlan, ConType::Wireline];
    for (byte, con_type) in (0..=3).zip(choices) {
        assert_eq!(built().con_type(con_type).to_vec()[13..], [0x11, byte]);
    }
}

#[test]
fn dm_pack_007_s_m_encodes_notification_id_in_two_bytes() {
    for id in [0, 1, 0xff, 0x100, 0xffff] {
        let wire = built().notification_id(NotificationId(id)).to_vec();
        assert_eq!(wire[13..], [&[0x22][..], &id.to_be_bytes()].concat());
    }
    // A resend is the same to the receiver, a new request is not.
    let mut receiver = receiver();
    let (first, second) = (built().notification_id(NotificationId(1)), built().notification_id(NotificationId(2)));
    assert!(receiver.receive(Some(NOW), &first.to_vec(), &plain()[..]).trigger().is_some());
    assert_eq!(receiver.receive(Some(NOW), &first.to_vec(), &plain()[..]).trigger(), None);
    assert!(receiver.receive(Some(NOW), &second.to_vec(), &plain()[..]).trigger().is_some());
}

#[test]
fn dm_pack_008_s_m_computes_the_digest_in_three_steps() {
    let options = built().con_type(ConType::Wlan).notification_id(NotificationId(0xbeef)).timestamp(NOW).req_mos();
    // Zeros, hash, replace: each step seen from outside.
    let zeroed = options.with_digest([0; 32]).to_vec();
    let signed = options.sign(SECRET, DATA);
    let read_back = signed.to_vec();
    assert_eq!(Notification::parse(&read_back).unwrap().digest_input().unwrap().concat(), zeroed);
    assert_eq!(files::hex(signed.digest()), "314d71806bdbee2752d85f38e258425516e90836fcdb7260a22baa2d8ea43622");
    let mut replaced = zeroed;
    replaced[20..52].copy_from_slice(signed.digest());
    assert_eq!(replaced, read_back);
    // Every other option is covered, wherever it stands.
    for other in
        [options.con_type(ConType::Any), options.notification_id(NotificationId(0)), options.timestamp(UnixSeconds(0))]
    {
        assert_ne!(other.sign(SECRET, DATA).digest(), signed.digest());
    }
}

#[test]
fn dm_pack_009_s_m_encodes_timestamp_big_endian() {
    let value = |seconds| {
        let wire = built().timestamp(UnixSeconds(seconds)).to_vec();
        let read = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).unwrap();
        assert_eq!(read.timestamp(), Some(UnixSeconds(seconds)));
        let option = read.options().find(|option| option.number == OptionNumber::Timestamp).unwrap();
        option.value.to_vec()
    };
    assert_eq!(value(NOW.0), [0x52, 0xc3, 0x5a, 0x80]);
    assert_eq!(value(0), [0; 4]);
    assert_eq!(value(u32::MAX.into()), [0xff; 4]);
    assert_eq!(value(1 << 32), [0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(value(u64::MAX), [0xff; 8]);
    let signed = |seconds| *built().timestamp(UnixSeconds(seconds)).sign(SECRET, DATA).digest();
    assert_ne!(signed(1), signed(2));
}

#[test]
fn dm_pack_010_s_m_encodes_req_mos_empty() {
    assert_eq!(built().req_mos().to_vec()[13..], [0x50]);
    let wire = built().req_mos().to_vec();
    let read = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).unwrap();
    assert!(read.req_mos());
}
