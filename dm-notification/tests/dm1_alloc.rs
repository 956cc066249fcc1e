//! Parsing, verifying, encoding into a slice, framing and receiving notifications of DM 1.x allocate nothing.
#![cfg(feature = "dm1")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod dm1_support;

use allocation_counter::measure;
use dm_notification::UnixSeconds;
use dm_notification::dm1::sms::{Joined, Joiner, Reference, UserData, split};
use dm_notification::dm1::{
    Account, Credentials, Ignored, Notification, NotificationBuilder, Outcome, Policy, Receiver, ResyncNonce, wsp,
};
use dm1_support::Vector;

#[test]
fn nothing_is_allocated() {
    let user_data = Vector::named("sms", "vector_a");
    let resync = Vector::named("", "b_resync");
    let bad = Vector::named("bad", "future_use_last_bit");
    let credentials = Credentials::new(b"srvpassword", b"Nonce");
    let accounts =
        [Account::new("com.mgmtsrv.manage").with_credentials(credentials).with_resync(ResyncNonce::ZeroOctets)];
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let mut joiner: Joiner = Joiner::new();
    let (mut buffer, mut joined) = ([0; 512], [0; 512]);
    let now = Some(UnixSeconds(1_400_000_000));

    let used = measure(|| {
        let data = UserData::parse(&user_data).unwrap();
        let wire = wsp::Push::parse(data.body).unwrap().notification().unwrap();
        let read = Notification::parse(wire).unwrap();
        assert!(read.verify(&credentials).is_ok());
        read.encode(&mut &mut buffer[..]).unwrap();
        let built = NotificationBuilder::try_from(&read).unwrap().vendor_data(&[7; 200]);
        let signed = built.sign(&credentials);
        signed.encode(&mut &mut buffer[..]).unwrap();
        for part in split(&buffer[..signed.encoded_len()], 1, Reference::Long(1)).unwrap() {
            let whole = part.part.is_some_and(|part| part.number() == 2);
            let met = joiner.add(b"sender", &part, &mut &mut joined[..]).unwrap();
            assert_eq!(met == Joined::Whole, whole);
        }
        assert_eq!(Notification::parse(&bad).unwrap().deviations().count(), 1);
        assert!(Notification::parse(&wire[..40]).is_err());
        assert!(matches!(receiver.receive(now, wire, &accounts[..]), Outcome::Trigger(_)));
        assert_eq!(receiver.receive(now, wire, &accounts[..]), Outcome::Ignored(Ignored::Duplicate));
        assert!(matches!(receiver.receive(now, &resync, &accounts[..]), Outcome::Ask(_)));
    });
    assert_eq!(used.count_total, 0);
}
