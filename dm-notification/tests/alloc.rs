//! Parsing, verifying, encoding into a slice and receiving allocate nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod files;

use allocation_counter::measure;
use dm_notification::{
    Account, Credentials, Limits, Notification, NotificationBuilder, Outcome, Policy, Receiver, Strictness, UnixSeconds,
};

#[test]
fn nothing_is_allocated() {
    let wire = files::Vector::named("v4_typical");
    let bad = files::Vector::named("unknown_repeated");
    let (secret, auth_data): (&[u8], &[u8]) = (b"0123456789abcdef", b"20-byte-auth-data-01");
    let accounts =
        [Account::new("management-7.region-2.dm.example.net").with_credentials(Credentials::new(secret, auth_data))];
    let mut receiver: Receiver = Receiver::new(Policy::DEFAULT);
    let mut buffer = [0; 512];

    let used = measure(|| {
        let read = Notification::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).unwrap();
        assert_eq!(read.options().count(), 6);
        assert!(read.verify(secret, auth_data).is_ok());
        assert_eq!(Notification::parse(&bad).unwrap().deviations().count(), 2);
        assert!(Notification::parse(&wire[..40]).is_err());

        read.encode(&mut &mut buffer[..]).unwrap();
        let built = NotificationBuilder::try_from(&read).unwrap();
        built.sign(secret, auth_data).encode(&mut &mut buffer[..]).unwrap();

        let now = Some(UnixSeconds(0x6592_0080));
        assert!(matches!(receiver.receive(now, &wire, &accounts[..]), Outcome::Trigger(_)));
        assert!(matches!(receiver.receive(now, &wire, &accounts[..]), Outcome::Ignored(_)));
    });
    assert_eq!(used.count_total, 0);
}
