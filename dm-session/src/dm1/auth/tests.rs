//! One test for each row of the tables of §7 of the security reference, named by table and row; then the vectors of
//! §11 through both machines, and what implementers get wrong (§14).

use super::*;
use alloc::format;
use alloc::vec::Vec;
use dm_syncml::Data;

const BODY: &[u8] = b"abc";

fn bruce() -> Credentials {
    Credentials::new("Bruce", &Secret::new("OhBehave")).with_nonce(nonce("Nonce"))
}

fn nonce(octets: impl Into<Vec<u8>>) -> Nonce {
    Nonce::new(octets).unwrap()
}

fn random(byte: u8) -> Random {
    Random::from([byte; 32])
}

fn identity(first: Option<Scheme>) -> Identity {
    Identity { credentials: Some(bruce()), first, weakest: Scheme::Basic }
}

/// A challenge with a nonce.
fn chal(scheme: Scheme, next: &str) -> Chal<'static> {
    ChalForm { scheme, nonce: nonce(next) }.to_chal()
}

/// What the prover would show of itself next.
fn shows(prover: &Prover, identity: &Identity) -> (Option<String>, Option<String>) {
    let cred = prover.cred(identity).map(|cred| cred.data.as_text().unwrap().into());
    (cred, prover.mac(identity, BODY))
}

/// Shows nothing at all.
fn is_silent(prover: &Prover, identity: &Identity) -> bool {
    shows(prover, identity) == (None, None) && prover.name(identity).is_none()
}

fn md5_with(nonce: &Nonce) -> Option<String> {
    Some(bruce().hash().md5(nonce))
}

// --- 7.1: the prover -------------------------------------------------------------------------------------------

#[test]
fn prover_p0_shows_the_preconfigured_scheme_at_once() {
    let md5 = identity(Some(Scheme::Md5));
    let prover = Prover::new(&md5, None);
    assert_eq!(shows(&prover, &md5), (md5_with(&nonce("Nonce")), None));
    assert_eq!(prover.name(&md5), Some("Bruce"));

    let basic = identity(Some(Scheme::Basic));
    let prover = Prover::new(&basic, None);
    assert_eq!(shows(&prover, &basic), (Some("QnJ1Y2U6T2hCZWhhdmU=".into()), None));
    assert_eq!(prover.name(&basic), None, "only MD5 and HMAC need the name");

    let mac = identity(Some(Scheme::Mac));
    let prover = Prover::new(&mac, None);
    let value = r#"algorithm=MD5, username="Bruce", mac=MHJ4dgPhX3i3yPp9sdZtRw=="#;
    assert_eq!(shows(&prover, &mac), (None, Some(value.into())), "in the header, never in Cred");
    assert_eq!(prover.name(&mac), Some("Bruce"));
}

#[test]
fn prover_p0_shows_nothing_without_a_preconfigured_scheme() {
    let identity = identity(None);
    assert!(is_silent(&Prover::new(&identity, None), &identity));
}

#[test]
fn prover_p1_212_without_chal_stops() {
    let identity = identity(Some(Scheme::Md5));
    let mut prover = Prover::new(&identity, None);
    assert_eq!(prover.answered(&identity, StatusCode::AUTHENTICATED, None), Proved::Accepted);
    assert!(is_silent(&prover, &identity));
    assert_eq!(prover.take_nonce(true), None);
}

#[test]
fn prover_p1_212_with_chal_keeps_the_nonce_for_the_next_session() {
    let identity = identity(Some(Scheme::Md5));
    let mut prover = Prover::new(&identity, None);
    let next = chal(Scheme::Md5, "next");
    assert_eq!(prover.answered(&identity, StatusCode::AUTHENTICATED, Some(&next)), Proved::Accepted);
    assert!(is_silent(&prover, &identity));
    assert_eq!(prover.take_nonce(true), Some(nonce("next")));
    assert_eq!(prover.take_nonce(true), None, "once");
    // Challenged all the same, and without another nonce: not with the one of the next session.
    let mut again = Chal::new(AuthType::Md5);
    assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&again)), Proved::Again);
    assert_eq!(shows(&prover, &identity).0, md5_with(&nonce("Nonce")));
    again = chal(Scheme::Md5, "now");
    assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&again)), Proved::Again);
    assert_eq!(shows(&prover, &identity).0, md5_with(&nonce("now")));
}

#[test]
fn prover_p1_p2_200_with_chal_uses_and_stores_the_nonce() {
    for scheme in [Scheme::Md5, Scheme::Mac] {
        let identity = identity(Some(scheme));
        let mut prover = Prover::new(&identity, None);
        for next in ["one", "two", "three"] {
            assert_eq!(prover.answered(&identity, StatusCode::OK, Some(&chal(scheme, next))), Proved::Accepted);
            let (cred, mac) = shows(&prover, &identity);
            match scheme {
                Scheme::Mac => assert!(mac.unwrap().ends_with(&bruce().hash().mac(&nonce(next), BODY))),
                _ => assert_eq!(cred, md5_with(&nonce(next))),
            }
            assert_eq!(prover.take_nonce(true), Some(nonce(next)));
        }
    }
}

#[test]
fn prover_p1_p2_200_without_chal_goes_on_with_the_same() {
    for scheme in [Scheme::Basic, Scheme::Md5] {
        let identity = identity(Some(scheme));
        let mut prover = Prover::new(&identity, None);
        let before = shows(&prover, &identity);
        for _ in 0..3 {
            assert_eq!(prover.answered(&identity, StatusCode::OK, None), Proved::Accepted);
            assert_eq!(shows(&prover, &identity), before);
            assert_eq!(prover.take_nonce(true), None);
        }
    }
}

#[test]
fn prover_p1_p2_200_without_chal_ends_with_hmac() {
    let identity = identity(Some(Scheme::Mac));
    let mut prover = Prover::new(&identity, None);
    assert_eq!(prover.answered(&identity, StatusCode::OK, None), Proved::Failed);
    assert!(is_silent(&prover, &identity));
    let late = chal(Scheme::Mac, "late");
    assert_eq!(prover.answered(&identity, StatusCode::OK, Some(&late)), Proved::Failed, "for good");
    assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&late)), Proved::Failed);
}

#[test]
fn prover_p1_p2_challenge_is_answered_with_its_type_and_nonce() {
    for first in [None, Some(Scheme::Basic), Some(Scheme::Md5), Some(Scheme::Mac)] {
        for status in [StatusCode::INVALID_CREDENTIALS, StatusCode::MISSING_CREDENTIALS] {
            let identity = identity(first);
            let mut prover = Prover::new(&identity, None);
            assert_eq!(prover.answered(&identity, status, Some(&chal(Scheme::Md5, "c1"))), Proved::Again);
            assert_eq!(shows(&prover, &identity), (md5_with(&nonce("c1")), None));
            assert_eq!(prover.answered(&identity, status, Some(&chal(Scheme::Mac, "c2"))), Proved::Again);
            let (cred, mac) = shows(&prover, &identity);
            assert_eq!(cred, None, "never both");
            assert!(mac.unwrap().ends_with(&bruce().hash().mac(&nonce("c2"), BODY)));
            assert_eq!(prover.answered(&identity, status, Some(&chal(Scheme::Basic, "c3"))), Proved::Again);
            assert_eq!(shows(&prover, &identity), (Some("QnJ1Y2U6T2hCZWhhdmU=".into()), None));
        }
    }
}

#[test]
fn prover_p1_p2_challenge_without_or_with_unknown_type_ends() {
    let unknown = Chal::new(AuthType::parse("syncml:auth-SHA256")).with_next_nonce("Tm9uY2U=");
    let x509 = Chal::new(AuthType::X509);
    let mut nameless = chal(Scheme::Md5, "n");
    nameless.meta = dm_syncml::Meta::new();
    let no_base64 = Chal::new(AuthType::Md5).with_next_nonce("§");
    let no_nonce = Chal::new(AuthType::Mac);
    let refused = [None, Some(&unknown), Some(&x509), Some(&nameless), Some(&no_base64), Some(&no_nonce)];
    for chal in refused {
        for status in [StatusCode::INVALID_CREDENTIALS, StatusCode::MISSING_CREDENTIALS] {
            let identity = identity(Some(Scheme::Md5));
            let mut prover = Prover::new(&identity, None);
            assert_eq!(prover.answered(&identity, status, chal), Proved::Failed, "{chal:?}");
            assert!(is_silent(&prover, &identity));
            assert_eq!(prover.take_nonce(true), None);
        }
    }
}

#[test]
fn prover_p1_what_is_shown_unasked_is_shown_when_it_is_asked_for() {
    let identity = Identity::new(bruce()).with_first(Scheme::Basic);
    let mut prover = Prover::new(&identity, None);
    let basic = chal(Scheme::Basic, "");
    assert_eq!(prover.answered(&identity, StatusCode::MISSING_CREDENTIALS, Some(&basic)), Proved::Again);
    assert_eq!(prover.scheme(), Some(Scheme::Basic));
}

#[test]
fn prover_p2_hmac_that_was_accepted_gives_way_to_nothing() {
    for weaker in [Scheme::Basic, Scheme::Md5] {
        let identity = identity(Some(Scheme::Mac));
        let mut prover = Prover::new(&identity, None);
        assert_eq!(prover.answered(&identity, StatusCode::OK, Some(&chal(Scheme::Mac, "c1"))), Proved::Accepted);
        let again = chal(Scheme::Mac, "c2");
        assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&again)), Proved::Again);
        let weaker = chal(weaker, "c3");
        assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&weaker)), Proved::Failed);
        assert!(is_silent(&prover, &identity));
    }
}

#[test]
fn prover_p1_p2_challenge_that_is_too_weak_or_cannot_be_answered_ends() {
    let strict = Identity::new(bruce());
    assert_eq!(strict.weakest, Scheme::Md5, "basic credentials are for TLS, and for who asked for them");
    let hashed = Identity::new(Credentials::from_hash("Bruce", bruce().hash())).with_weakest(Scheme::Basic);
    let colon = Identity::new(Credentials::new("a:b", &Secret::new("c"))).with_weakest(Scheme::Basic);
    let basic = chal(Scheme::Basic, "");
    for identity in [&strict, &hashed, &colon] {
        let mut prover = Prover::new(identity, None);
        assert_eq!(prover.answered(identity, StatusCode::MISSING_CREDENTIALS, Some(&basic)), Proved::Failed);
    }
    // A name that no header can carry.
    let name: String = "n".repeat(HmacHeader::MAX_NAME_LEN + 1);
    for name in [name.as_str(), "a\r\nb"] {
        let identity = Identity::new(Credentials::new(name, &Secret::new("c")));
        let mut prover = Prover::new(&identity, None);
        let mac = chal(Scheme::Mac, "n");
        assert_eq!(prover.answered(&identity, StatusCode::MISSING_CREDENTIALS, Some(&mac)), Proved::Failed);
        assert!(!identity.with_first(Scheme::Mac).is_usable());
    }
}

#[test]
fn prover_p1_p2_challenges_are_answered_three_times() {
    let identity = identity(None);
    let mut prover = Prover::new(&identity, None);
    for round in 0..MAX_CHALLENGES {
        let chal = chal(Scheme::Md5, &format!("n{round}"));
        assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&chal)), Proved::Again);
        assert!(!is_silent(&prover, &identity));
        assert!(prover.is_consistent(&identity));
    }
    let chal = chal(Scheme::Md5, "last");
    assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&chal)), Proved::Failed);
    assert!(is_silent(&prover, &identity));
    assert!(prover.is_consistent(&identity));
}

#[test]
fn prover_p3_stays_whatever_succeeds() {
    let identity = identity(Some(Scheme::Md5));
    let mut prover = Prover::new(&identity, None);
    for status in [StatusCode::AUTHENTICATED, StatusCode::OK, StatusCode::AUTHENTICATED] {
        assert_eq!(prover.answered(&identity, status, None), Proved::Accepted);
        assert!(is_silent(&prover, &identity));
    }
    // A nonce that comes late is for the next session too.
    assert_eq!(prover.answered(&identity, StatusCode::OK, Some(&chal(Scheme::Md5, "late"))), Proved::Accepted);
    assert!(is_silent(&prover, &identity));
    assert_eq!(prover.take_nonce(true), Some(nonce("late")));
}

#[test]
fn prover_p3_challenge_begins_again() {
    let identity = identity(Some(Scheme::Md5));
    let mut prover = Prover::new(&identity, None);
    assert_eq!(prover.answered(&identity, StatusCode::AUTHENTICATED, None), Proved::Accepted);
    let chal = chal(Scheme::Md5, "again");
    assert_eq!(prover.answered(&identity, StatusCode::MISSING_CREDENTIALS, Some(&chal)), Proved::Again);
    assert_eq!(shows(&prover, &identity).0, md5_with(&nonce("again")));
}

#[test]
fn prover_any_transport_never_shows_anything() {
    let identity = Identity::TRANSPORT;
    let mut prover = Prover::new(&identity, None);
    assert!(is_silent(&prover, &identity));
    for status in [StatusCode::OK, StatusCode::AUTHENTICATED] {
        assert_eq!(prover.answered(&identity, status, Some(&chal(Scheme::Md5, "n"))), Proved::Accepted);
        assert!(is_silent(&prover, &identity));
        assert_eq!(prover.take_nonce(true), None, "there is nothing to store it with");
    }
    let chal = chal(Scheme::Md5, "n");
    assert_eq!(prover.answered(&identity, StatusCode::MISSING_CREDENTIALS, Some(&chal)), Proved::Failed);
}

#[test]
fn prover_other_statuses_end() {
    for code in [100, 101, 302, 400, 403, 404, 406, 413, 500, 503, 513] {
        let identity = identity(Some(Scheme::Md5));
        let mut prover = Prover::new(&identity, None);
        assert_eq!(prover.answered(&identity, StatusCode::new(code), None), Proved::Failed, "{code}");
    }
}

// --- 7.2: the verifier -----------------------------------------------------------------------------------------

fn demand(scheme: Scheme) -> Demand {
    Demand::new(scheme, bruce())
}

fn judge(verifier: &mut Verifier, demand: &Demand, cred: Option<&Cred<'_>>, mac: Option<&str>, seed: u8) -> Verdict {
    verifier.judge(demand, Shown { cred, mac, body: BODY }, &random(seed))
}

fn md5(nonce: &Nonce) -> Cred<'static> {
    Cred::new(AuthType::Md5, bruce().hash().md5(nonce))
}

fn basic() -> Cred<'static> {
    Cred::new(AuthType::Basic, "QnJ1Y2U6T2hCZWhhdmU=")
}

fn mac(nonce: &Nonce) -> String {
    HmacHeader::sign("Bruce", &bruce().hash(), nonce, BODY).unwrap().to_value()
}

/// The nonce that is made of a seed.
fn issued(seed: u8) -> Nonce {
    nonce([seed; 16])
}

/// Refused, with a challenge for the scheme and a new nonce.
#[track_caller]
fn is_challenge(verdict: &Verdict, status: StatusCode, scheme: Scheme, seed: u8) {
    let chal = Some(ChalForm { scheme, nonce: issued(seed) });
    assert_eq!(*verdict, Verdict { status, chal, nonce: None, is_last: false });
    assert!(!verdict.is_accepted());
}

#[test]
fn verifier_v0_transport_satisfies() {
    let mut verifier = Verifier::new(&Demand::Transport, None);
    assert!(!verifier.is_trusted());
    let wanted = Verdict { status: StatusCode::AUTHENTICATED, chal: None, nonce: None, is_last: false };
    assert_eq!(judge(&mut verifier, &Demand::Transport, None, None, 1), wanted);
    assert_eq!(judge(&mut verifier, &Demand::Transport, Some(&md5(&Nonce::EMPTY)), None, 2), wanted);
    assert!(verifier.is_trusted());
}

#[test]
fn verifier_v0_no_credentials_are_asked_for() {
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        let demand = demand(scheme);
        let mut verifier = Verifier::new(&demand, None);
        let verdict = judge(&mut verifier, &demand, None, None, 1);
        is_challenge(&verdict, StatusCode::MISSING_CREDENTIALS, scheme, 1);
        let chal = verdict.chal.unwrap().to_chal();
        assert_eq!(chal.auth_type(), Some(scheme.auth_type()));
        assert_eq!(chal.meta.format(), Some(&dm_syncml::Format::B64));
        assert_eq!(chal.nonce().unwrap().is_some(), scheme != Scheme::Basic);
        assert!(!verifier.is_trusted());
    }
}

#[test]
fn verifier_v0_v1_weaker_or_unacceptable_type_is_challenged() {
    let odd = Cred::new(AuthType::X509, "AAAA");
    let mac_in_cred = Cred::new(AuthType::Mac, bruce().hash().mac(&nonce("Nonce"), BODY));
    let weak = basic();
    for cred in [&weak, &odd, &mac_in_cred] {
        let demand = demand(Scheme::Md5);
        let mut verifier = Verifier::new(&demand, None);
        let verdict = judge(&mut verifier, &demand, Some(cred), None, 1);
        is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Md5, 1);
        let verdict = judge(&mut verifier, &demand, Some(cred), None, 2);
        is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Md5, 2);
        assert!(!verifier.is_trusted());
    }
    // HMAC is wanted, and MD5 comes unasked: right, but weaker.
    let demand = demand(Scheme::Mac);
    let mut verifier = Verifier::new(&demand, None);
    let verdict = judge(&mut verifier, &demand, Some(&md5(&nonce("Nonce"))), None, 1);
    is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Mac, 1);
}

#[test]
fn verifier_v0_v1_stronger_type_will_do() {
    let demand = demand(Scheme::Basic);
    assert!(judge(&mut Verifier::new(&demand, None), &demand, Some(&md5(&nonce("Nonce"))), None, 1).is_accepted());
    assert!(judge(&mut Verifier::new(&demand, None), &demand, None, Some(&mac(&nonce("Nonce"))), 1).is_accepted());
}

#[test]
fn verifier_v0_v1_md5_good_for_the_session() {
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    let verdict = judge(&mut verifier, &demand, Some(&md5(&nonce("Nonce"))), None, 1);
    let chal = Some(ChalForm { scheme: Scheme::Md5, nonce: issued(1) });
    let wanted = Verdict { status: StatusCode::AUTHENTICATED, chal, nonce: Some(issued(1)), is_last: false };
    assert_eq!(verdict, wanted);
    assert!(verifier.is_trusted());

    // The same after a challenge, with its nonce and no other.
    let mut verifier = Verifier::new(&demand, None);
    judge(&mut verifier, &demand, None, None, 1);
    assert!(!judge(&mut verifier.clone(), &demand, Some(&md5(&nonce("Nonce"))), None, 2).is_accepted());
    let verdict = judge(&mut verifier, &demand, Some(&md5(&issued(1))), None, 2);
    assert_eq!((verdict.status, verdict.nonce), (StatusCode::AUTHENTICATED, Some(issued(2))));
}

#[test]
fn verifier_v0_v1_md5_good_for_the_message() {
    let demand = demand(Scheme::Md5).with_per_message();
    let mut verifier = Verifier::new(&demand, None);
    let verdict = judge(&mut verifier, &demand, Some(&md5(&nonce("Nonce"))), None, 1);
    let chal = Some(ChalForm { scheme: Scheme::Md5, nonce: issued(1) });
    assert_eq!(verdict, Verdict { status: StatusCode::OK, chal, nonce: Some(issued(1)), is_last: false });
    assert!(verifier.is_trusted());
}

#[test]
fn verifier_v0_v1_basic_good() {
    let session = demand(Scheme::Basic);
    let message = session.clone().with_per_message();
    for (demand, status) in [(session, StatusCode::AUTHENTICATED), (message, StatusCode::OK)] {
        let mut verifier = Verifier::new(&demand, None);
        let wanted = Verdict { status, chal: None, nonce: None, is_last: false };
        assert_eq!(judge(&mut verifier, &demand, Some(&basic()), None, 1), wanted);
        assert!(verifier.is_trusted());
        // Session mode needs no more of it, message mode does.
        let second = judge(&mut verifier, &demand, None, None, 2).status;
        let wanted = if status == StatusCode::OK { StatusCode::MISSING_CREDENTIALS } else { status };
        assert_eq!(second, wanted);
    }
}

#[test]
fn verifier_v0_v1_mac_good() {
    // Asked for or not, for the session or not: 200 with a nonce.
    for demand in [demand(Scheme::Mac), demand(Scheme::Md5), demand(Scheme::Mac).with_per_message()] {
        let mut verifier = Verifier::new(&demand, None);
        let verdict = judge(&mut verifier, &demand, None, Some(&mac(&nonce("Nonce"))), 1);
        let chal = Some(ChalForm { scheme: Scheme::Mac, nonce: issued(1) });
        assert_eq!(verdict, Verdict { status: StatusCode::OK, chal, nonce: Some(issued(1)), is_last: false });
        assert!(verifier.is_trusted());
    }
}

#[test]
fn verifier_v0_v1_wrong_is_challenged_at_least_once_more() {
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    for seed in 1..=MAX_CHALLENGES {
        let verdict = judge(&mut verifier, &demand, Some(&md5(&nonce("stale"))), None, seed);
        is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Md5, seed);
        assert!(verifier.is_consistent());
    }
    let right = md5(&issued(MAX_CHALLENGES));
    assert!(judge(&mut verifier.clone(), &demand, Some(&right), None, 9).is_accepted(), "the last one counts too");
}

#[test]
fn verifier_v1_wrong_too_often_ends() {
    for (cred, status) in
        [(Some(md5(&nonce("stale"))), StatusCode::INVALID_CREDENTIALS), (None, StatusCode::MISSING_CREDENTIALS)]
    {
        let demand = demand(Scheme::Md5);
        let mut verifier = Verifier::new(&demand, None);
        for seed in 1..=MAX_CHALLENGES {
            assert!(!judge(&mut verifier, &demand, cred.as_ref(), None, seed).is_last);
        }
        let verdict = judge(&mut verifier, &demand, cred.as_ref(), None, 9);
        assert!(verdict.is_last && verdict.status == status);
        assert!(verdict.chal.is_some(), "a 401 and a 407 have one in any case");
        assert!(!verifier.is_trusted() && verifier.is_consistent());
    }
}

#[test]
fn verifier_v2_next_message_good() {
    let demand = demand(Scheme::Mac);
    let mut verifier = Verifier::new(&demand, None);
    let mut latest = nonce("Nonce");
    for seed in 1..=10 {
        let verdict = judge(&mut verifier, &demand, None, Some(&mac(&latest)), seed);
        assert_eq!((verdict.status, verdict.nonce.clone()), (StatusCode::OK, Some(issued(seed))));
        assert!(verifier.is_trusted());
        latest = issued(seed);
    }
}

#[test]
fn verifier_v2_next_message_bad_or_missing() {
    let per_message = demand(Scheme::Md5).with_per_message();
    let mut verifier = Verifier::new(&per_message, None);
    judge(&mut verifier, &per_message, Some(&md5(&nonce("Nonce"))), None, 1);
    // The nonce of the message before.
    let mut bad = verifier.clone();
    let verdict = judge(&mut bad, &per_message, Some(&md5(&nonce("Nonce"))), None, 2);
    is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Md5, 2);
    assert!(!bad.is_trusted(), "nothing of it is executed");
    let verdict = judge(&mut verifier, &per_message, None, None, 2);
    is_challenge(&verdict, StatusCode::MISSING_CREDENTIALS, Scheme::Md5, 2);
    assert!(!verifier.is_trusted());
    assert!(judge(&mut verifier, &per_message, Some(&md5(&issued(2))), None, 3).is_accepted());

    // An absent header is a wrong one, once it has to be there.
    let by_mac = demand(Scheme::Mac);
    let mut verifier = Verifier::new(&by_mac, None);
    judge(&mut verifier, &by_mac, None, Some(&mac(&nonce("Nonce"))), 1);
    let verdict = judge(&mut verifier, &by_mac, None, None, 2);
    is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Mac, 2);
}

#[test]
fn verifier_v3_next_message_with_or_without_cred() {
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    judge(&mut verifier, &demand, Some(&md5(&nonce("Nonce"))), None, 1);
    let right = md5(&nonce("Nonce"));
    for cred in [None, Some(&right)] {
        let wanted = Verdict { status: StatusCode::AUTHENTICATED, chal: None, nonce: None, is_last: false };
        assert_eq!(judge(&mut verifier, &demand, cred, None, 2), wanted);
        assert!(verifier.is_trusted());
    }
}

#[test]
fn verifier_v3_wrong_cred_is_ignored() {
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    judge(&mut verifier, &demand, Some(&md5(&nonce("Nonce"))), None, 1);
    let verdict = judge(&mut verifier, &demand, Some(&md5(&nonce("wrong"))), None, 2);
    assert_eq!(verdict.status, StatusCode::AUTHENTICATED);
    assert!(verifier.is_trusted());
}

#[test]
fn verifier_vx_stays() {
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    for seed in 0..=MAX_CHALLENGES {
        judge(&mut verifier, &demand, None, None, seed);
    }
    let verdict = judge(&mut verifier, &demand, Some(&md5(&issued(MAX_CHALLENGES))), None, 9);
    assert!(verdict.is_last && !verdict.is_accepted() && !verifier.is_trusted(), "right, and too late");
}

// --- HMAC: what ends a session (§5) ----------------------------------------------------------------------------

#[test]
fn hmac_challenge_is_answered_with_hmac_or_not_at_all() {
    let demand = demand(Scheme::Mac);
    for cred in [basic(), md5(&issued(1))] {
        let mut verifier = Verifier::new(&demand, None);
        judge(&mut verifier, &demand, None, None, 1);
        let verdict = judge(&mut verifier, &demand, Some(&cred), None, 2);
        assert!(verdict.is_last && verdict.status == StatusCode::INVALID_CREDENTIALS);
        let right = mac(&verdict.chal.unwrap().nonce);
        assert!(!judge(&mut verifier, &demand, None, Some(&right), 3).is_accepted(), "over is over");
    }
}

#[test]
fn hmac_and_cred_together_are_neither() {
    let mac_nonce = mac(&nonce("Nonce"));
    let by_md5 = demand(Scheme::Md5);
    let verdict = judge(&mut Verifier::new(&by_md5, None), &by_md5, Some(&md5(&nonce("Nonce"))), Some(&mac_nonce), 1);
    is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Md5, 1);
    // Once HMAC was used there is no Cred beside it.
    let by_mac = demand(Scheme::Mac);
    let mut verifier = Verifier::new(&by_mac, None);
    judge(&mut verifier, &by_mac, None, Some(&mac_nonce), 1);
    assert!(judge(&mut verifier, &by_mac, Some(&basic()), Some(&mac(&issued(1))), 2).is_last);
}

#[test]
fn hmac_once_used_is_used_to_the_end() {
    // MD5 would do, but the peer began with HMAC.
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    judge(&mut verifier, &demand, None, Some(&mac(&nonce("Nonce"))), 1);
    let verdict = judge(&mut verifier.clone(), &demand, None, Some(&mac(&nonce("stale"))), 2);
    is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Mac, 2);
    assert!(judge(&mut verifier, &demand, Some(&md5(&issued(1))), None, 2).is_last);
}

#[test]
fn hmac_is_never_answered_212() {
    let identity = identity(Some(Scheme::Mac));
    for chal in [None, Some(chal(Scheme::Mac, "n"))] {
        let mut prover = Prover::new(&identity, None);
        assert_eq!(prover.answered(&identity, StatusCode::AUTHENTICATED, chal.as_ref()), Proved::Failed);
    }
}

#[test]
fn hmac_of_another_name_or_body_is_wrong() {
    let demand = demand(Scheme::Mac);
    let hash = bruce().hash();
    let values = [
        HmacHeader::sign("Brucie", &hash, &nonce("Nonce"), BODY).unwrap().to_value(),
        HmacHeader::sign("Bruce", &hash, &nonce("Nonce"), b"abd").unwrap().to_value(),
        mac(&nonce("Nonce")).replace("MD5", "SHA1"),
        mac(&nonce("Nonce")).replace(r#"username="Bruce", "#, ""),
        mac(&nonce("Nonce")) + ", mac=AAAA",
        String::new(),
    ];
    for value in values {
        let verdict = judge(&mut Verifier::new(&demand, None), &demand, None, Some(&value), 1);
        is_challenge(&verdict, StatusCode::INVALID_CREDENTIALS, Scheme::Mac, 1);
    }
}

// --- 7.3, 7.4, 10.1: nonces ------------------------------------------------------------------------------------

#[test]
fn nonces_7_3_challenge_nonce_counts_at_once_and_is_not_stored() {
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    let verdict = judge(&mut verifier, &demand, None, None, 7);
    assert_eq!(verdict.nonce, None);
    assert!(judge(&mut verifier, &demand, Some(&md5(&issued(7))), None, 8).is_accepted());
}

#[test]
fn nonces_7_3_nonce_of_212_is_for_the_next_session() {
    let demand = demand(Scheme::Md5);
    let mut verifier = Verifier::new(&demand, None);
    let verdict = judge(&mut verifier, &demand, Some(&md5(&nonce("Nonce"))), None, 7);
    let next = Demand::new(Scheme::Md5, bruce().with_nonce(verdict.nonce.unwrap()));
    assert!(judge(&mut Verifier::new(&next, None), &next, Some(&md5(&issued(7))), None, 8).is_accepted());
    assert!(!judge(&mut Verifier::new(&next, None), &next, Some(&md5(&nonce("Nonce"))), None, 8).is_accepted());
}

#[test]
fn nonces_7_4_nothing_is_stored_for_a_challenger_that_has_not_proved_itself() {
    let identity = identity(Some(Scheme::Md5));
    let mut prover = Prover::new(&identity, None);
    prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&chal(Scheme::Md5, "forged")));
    assert_eq!(shows(&prover, &identity).0, md5_with(&nonce("forged")), "used it is");
    assert_eq!(prover.take_nonce(false), None);
    prover.answered(&identity, StatusCode::AUTHENTICATED, Some(&chal(Scheme::Md5, "next")));
    assert_eq!(prover.take_nonce(false), None);
    assert_eq!(prover.take_nonce(true), Some(nonce("next")), "the newest, as soon as the peer is trusted");
}

#[test]
fn nonces_of_basic_challenges_are_none() {
    let identity = identity(Some(Scheme::Md5));
    let mut prover = Prover::new(&identity, None);
    let basic = Chal::new(AuthType::Basic).with_next_nonce(nonce("stray").encode());
    assert_eq!(prover.answered(&identity, StatusCode::INVALID_CREDENTIALS, Some(&basic)), Proved::Again);
    assert_eq!(prover.take_nonce(true), None);
}

#[test]
fn resynchronization_uses_the_nonce_of_the_notification() {
    use ResyncNonce::{Text, ZeroOctets};

    let identity = identity(Some(Scheme::Md5));
    let prover = |resync| Prover::new(&identity, Some(resync));
    assert_eq!(shows(&prover(ZeroOctets), &identity).0.as_deref(), Some("qyODxrWU7+P9+/jsLCx6PQ=="));
    let demand = demand(Scheme::Md5);
    for (resync, other) in [(ZeroOctets, Text), (Text, ZeroOctets)] {
        let mut verifier = Verifier::new(&demand, Some(resync));
        for wrong in [Some(md5(&nonce("Nonce"))), prover(other).cred(&identity)] {
            assert!(!judge(&mut verifier.clone(), &demand, wrong.as_ref(), None, 1).is_accepted());
        }
        let verdict = judge(&mut verifier, &demand, prover(resync).cred(&identity).as_ref(), None, 1);
        assert_eq!((verdict.is_accepted(), verdict.nonce), (true, Some(issued(1))), "a new nonce for both");
    }
}

#[test]
fn strangers_are_challenged_like_anybody() {
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        let (known, unknown) = (demand(scheme), Demand::unknown(scheme));
        let (mut one, mut other) = (Verifier::new(&known, None), Verifier::new(&unknown, None));
        let wrong_cred = Cred::new(scheme.auth_type(), "AAAAAAAAAAAAAAAAAAAAAA==");
        let wrong_mac = mac(&nonce("wrong"));
        for seed in 0..=5 {
            let (cred, mac) = match (scheme, seed) {
                (_, 0) => (None, None),
                (Scheme::Mac, _) => (None, Some(wrong_mac.as_str())),
                _ => (Some(&wrong_cred), None),
            };
            let verdict = judge(&mut one, &known, cred, mac, seed);
            assert_eq!(judge(&mut other, &unknown, cred, mac, seed), verdict);
            assert!(!verdict.is_accepted());
        }
    }
    // No credentials are those of nobody: not even empty ones.
    let unknown = Demand::unknown(Scheme::Basic);
    let empty = Cred::new(AuthType::Basic, "Og==");
    assert!(!judge(&mut Verifier::new(&unknown, None), &unknown, Some(&empty), None, 1).is_accepted());
}

// --- 11: the vectors -------------------------------------------------------------------------------------------

/// Whether a Cred of that scheme and text is accepted.
fn takes(credentials: &Credentials, scheme: AuthType<'static>, data: &str) -> bool {
    let demand = Demand::new(Scheme::Basic, credentials.clone());
    let cred = Cred::new(scheme, String::from(data));
    judge(&mut Verifier::new(&demand, None), &demand, Some(&cred), None, 1).is_accepted()
}

#[test]
fn vectors_11_1_basic() {
    for (name, password, wire) in [
        ("Bruce", "OhBehave", "QnJ1Y2U6T2hCZWhhdmU="),
        ("Bruce2", "OhBehave", "QnJ1Y2UyOk9oQmVoYXZl"),
        ("jörg", "päss:wörd", "asO2cmc6cMOkc3M6d8O2cmQ="),
    ] {
        let credentials = Credentials::new(name, &Secret::new(password));
        let identity = Identity::new(credentials.clone()).with_first(Scheme::Basic);
        assert_eq!(shows(&Prover::new(&identity, None), &identity).0.as_deref(), Some(wire));
        assert!(takes(&credentials, AuthType::Basic, wire));
        assert!(!takes(&credentials, AuthType::Md5, wire));
        assert!(!takes(&bruce().with_nonce(Nonce::EMPTY), AuthType::Basic, wire) || name == "Bruce");
    }
}

#[test]
fn vectors_11_2_md5() {
    const COUNTED: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    for (name, password, octets, wire, digest) in [
        ("Bruce", "OhBehave", &b"Nonce"[..], "Tm9uY2U=", "K7B/g6MQmfusJTUdpLLI3Q=="),
        ("Bruce", "OhBehave", b"", "", "pw5lPu6mZYxq8BnBlnACow=="),
        ("Bruce", "OhBehave", &[0; 4], "AAAAAA==", "qyODxrWU7+P9+/jsLCx6PQ=="),
        ("Bruce", "OhBehave", &COUNTED, "AAECAwQFBgcICQoLDA0ODw==", "EK5BzTNEbS60QOhbc4VHXw=="),
        ("Bruce", "OhBehave", b"nonce-with:colon", "bm9uY2Utd2l0aDpjb2xvbg==", "Gr9rohomMRsMXiRwKBKqSg=="),
        ("Bruce2", "OhBehave", b"Nonce", "Tm9uY2U=", "Zz6EivR3yeaaENcRN6lpAQ=="),
        ("Bruce2", "OhBehave", b"", "", "lEf25jyjHbCcTbj4p/1pUw=="),
        ("Bruce2", "OhBehave", &COUNTED, "AAECAwQFBgcICQoLDA0ODw==", "ClaA48A1VYROr4FUwjaBYw=="),
        ("com.mgmtsrv.manage", "srvpassword", &COUNTED, "AAECAwQFBgcICQoLDA0ODw==", "kWgUYr0UiXWm8Ub/g+4eiQ=="),
    ] {
        // With the stored nonce, and with one that comes in a challenge.
        let credentials = Credentials::new(name, &Secret::new(password));
        let stored = credentials.clone().with_nonce(nonce(octets));
        let identity = Identity::new(stored.clone()).with_first(Scheme::Md5);
        assert_eq!(shows(&Prover::new(&identity, None), &identity).0.as_deref(), Some(digest));
        if !wire.is_empty() {
            let identity = Identity::new(credentials);
            let mut prover = Prover::new(&identity, None);
            let chal = Chal::new(AuthType::Md5).with_next_nonce(wire);
            assert_eq!(prover.answered(&identity, StatusCode::MISSING_CREDENTIALS, Some(&chal)), Proved::Again);
            assert_eq!(shows(&prover, &identity).0.as_deref(), Some(digest));
        }
        assert!(takes(&stored, AuthType::Md5, digest));
        // What is kept of a password will do.
        let hashed = Credentials::from_hash(name, stored.hash()).with_nonce(nonce(octets));
        assert!(takes(&hashed, AuthType::Md5, digest));
    }
}

#[test]
fn vectors_11_2_negative() {
    for wrong in [
        "9os2MFwe4ptkDIrrmjtotg==",
        "kd5ALQhIkldCHAhc6NoOcg==",
        "Sbp4I3Fnpjk1v//6eclXow==",
        "MmJiMDdmODNhMzEwOTlmYmFjMjUzNTFkYTRiMmM4ZGQ=",
        "K7B/g6MQmfusJTUdpLLI3Q",
        "",
    ] {
        assert!(!takes(&bruce(), AuthType::Md5, wrong), "{wrong}");
    }
    assert!(takes(&bruce(), AuthType::Md5, "K7B/g6MQmfusJTUdpLLI3Q=="));
    // Another user's, and a Cred whose data is no text.
    assert!(!takes(&bruce(), AuthType::Md5, "Zz6EivR3yeaaENcRN6lpAQ=="));
    let mut cred = md5(&nonce("Nonce"));
    cred.data = Data::opaque(&[0xff; 15][..]);
    let demand = demand(Scheme::Md5);
    assert!(!judge(&mut Verifier::new(&demand, None), &demand, Some(&cred), None, 1).is_accepted());
}

const DOC: &[u8] = b"<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
<SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>http://www.syncml.org/mgmt-server</LocURI></Target><Source>\
<LocURI>IMEI:493005100592800</LocURI></Source></SyncHdr><SyncBody><Final/></SyncBody></SyncML>";

#[test]
fn vectors_11_3_hmac() {
    let counted: Vec<u8> = (0..16).collect();
    assert_eq!(DOC.len(), 298);
    for (body, text, octets) in [
        (&b""[..], "nrcz4lrractNo/hBWDG/rQ==", "OwZx76WBppJBUWVW7cDaZw=="),
        (b"abc", "MHJ4dgPhX3i3yPp9sdZtRw==", "vS7MP7obM+MXBeknFbqb1Q=="),
        (b"\x02\xa4\x2d\x6a\x00", "R9dESUVrxutoIu0yXn1qLw==", "XOcwMbcw04B08W8NFRxpMA=="),
        (DOC, "qUAci6RYHCih2Zyxc4Pdsg==", "ScaXa11PYpPq0+vLUSE3Ow=="),
    ] {
        for (stored, digest) in [(nonce("Nonce"), text), (nonce(counted.clone()), octets)] {
            let credentials = bruce().with_nonce(stored);
            let identity = Identity::new(credentials.clone()).with_first(Scheme::Mac);
            let value = Prover::new(&identity, None).mac(&identity, body).unwrap();
            assert_eq!(value, format!(r#"algorithm=MD5, username="Bruce", mac={digest}"#));
            let demand = Demand::new(Scheme::Mac, credentials);
            let shown = Shown { cred: None, mac: Some(&value), body };
            assert!(Verifier::new(&demand, None).judge(&demand, shown, &random(1)).is_accepted());
            let other = Shown { body: b"other", ..shown };
            assert!(!Verifier::new(&demand, None).judge(&demand, other, &random(1)).is_accepted());
        }
    }
}

#[test]
fn vectors_11_3_negative() {
    let demand = demand(Scheme::Mac);
    let header = |mac: &str| format!(r#"algorithm=MD5, username="Bruce", mac={mac}"#);
    for (mac, wanted) in
        [("MHJ4dgPhX3i3yPp9sdZtRw==", true), ("hc0vsCG06LitV1qMTcmZWQ==", false), ("MHJ4dgPhX3i3yPp9sdZtRw", false)]
    {
        let verdict = judge(&mut Verifier::new(&demand, None), &demand, None, Some(&header(mac)), 1);
        assert_eq!(verdict.is_accepted(), wanted, "{mac}");
    }
}

// --- whole flows (§8) ------------------------------------------------------------------------------------------

/// Lets a prover show itself until it is accepted: the statuses on the way, and how many messages it took.
fn flow(identity: &Identity, demand: &Demand) -> (Vec<u32>, bool) {
    let (mut prover, mut verifier) = (Prover::new(identity, None), Verifier::new(demand, None));
    let mut statuses = Vec::new();
    for seed in 1..=10 {
        let cred = prover.cred(identity);
        let mac = prover.mac(identity, BODY);
        assert!(cred.is_none() || mac.is_none());
        let verdict = judge(&mut verifier, demand, cred.as_ref(), mac.as_deref(), seed);
        statuses.push(verdict.status.code());
        let chal = verdict.chal.as_ref().map(ChalForm::to_chal);
        let proved = prover.answered(identity, verdict.status, chal.as_ref());
        assert!(prover.is_consistent(identity) && verifier.is_consistent());
        match proved {
            Proved::Failed => return (statuses, false),
            Proved::Accepted if statuses.len() >= 4 => return (statuses, verdict.is_accepted()),
            _ => {}
        }
    }
    (statuses, false)
}

#[test]
fn flows_8_basic_md5_per_message_and_hmac() {
    let silent = || Identity::new(bruce()).with_weakest(Scheme::Basic);
    let stale = || Identity::new(bruce().with_nonce(nonce("stale")));
    assert_eq!(flow(&silent(), &demand(Scheme::Basic)), ([407, 212, 212, 212].into(), true));
    assert_eq!(flow(&silent(), &demand(Scheme::Md5)), ([407, 212, 212, 212].into(), true));
    assert_eq!(flow(&silent(), &demand(Scheme::Md5).with_per_message()), ([407, 200, 200, 200].into(), true));
    assert_eq!(flow(&silent(), &demand(Scheme::Mac)), ([407, 200, 200, 200].into(), true));
    let first = |scheme| Identity::new(bruce()).with_first(scheme);
    assert_eq!(flow(&first(Scheme::Md5), &demand(Scheme::Md5)), ([212; 4].into(), true));
    assert_eq!(flow(&first(Scheme::Mac), &demand(Scheme::Mac)), ([200; 4].into(), true));
    let stale_first = |scheme| stale().with_first(scheme);
    assert_eq!(flow(&stale_first(Scheme::Md5), &demand(Scheme::Md5)), ([401, 212, 212, 212].into(), true));
    assert_eq!(flow(&stale_first(Scheme::Mac), &demand(Scheme::Mac)), ([401, 200, 200, 200].into(), true));
    assert_eq!(flow(&Identity::TRANSPORT, &Demand::Transport), ([212; 4].into(), true));
}

#[test]
fn flows_8_end_when_nothing_can_come_of_them() {
    let wrong = Identity::new(Credentials::new("Bruce", &Secret::new("wrong"))).with_first(Scheme::Md5);
    assert_eq!(flow(&wrong, &demand(Scheme::Md5)), ([401; 4].into(), false), "no endless loop");
    assert_eq!(flow(&Identity::TRANSPORT, &demand(Scheme::Md5)), ([407].into(), false));
    assert_eq!(flow(&Identity::new(bruce()), &demand(Scheme::Basic)), ([407].into(), false));
    assert_eq!(flow(&identity(None), &Demand::unknown(Scheme::Md5)), ([407, 401, 401, 401].into(), false));
}

#[test]
fn nothing_secret_is_shown() {
    let identity = identity(Some(Scheme::Md5));
    let demand = Demand::new(Scheme::Md5, bruce());
    let mut prover = Prover::new(&identity, None);
    prover.answered(&identity, StatusCode::OK, Some(&chal(Scheme::Md5, "SecretNonce")));
    let mut verifier = Verifier::new(&demand, None);
    let verdict = judge(&mut verifier, &demand, None, None, 1);
    let shown = format!("{identity:?} {demand:?} {prover:?} {verifier:?} {verdict:?}");
    for secret in ["OhBehave", "SecretNonce", "[79, 104", "[83, 101", "[17, 17", "EREREREREREREREREREREQ"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.contains("Bruce"), "names are not secret");
}

#[test]
fn forged_states_are_refused() {
    let identity = Identity::new(bruce());
    let good = Prover::new(&identity, None);
    assert!(good.is_consistent(&identity));
    // A scheme weaker than what may be asked for: the password would go out readable.
    assert!(!Prover { scheme: Some(Scheme::Basic), ..good.clone() }.is_consistent(&identity));
    assert!(!Prover { tries: MAX_CHALLENGES + 1, scheme: Some(Scheme::Md5), ..good.clone() }.is_consistent(&identity));
    assert!(!Prover { tries: 1, ..good.clone() }.is_consistent(&identity), "a challenge names a scheme");
    assert!(!Prover { unsaved: nonce("n"), ..good.clone() }.is_consistent(&identity));
    assert!(!Prover { scheme: Some(Scheme::Md5), ..good.clone() }.is_consistent(&Identity::TRANSPORT));
    assert!(!good.is_consistent(&Identity::TRANSPORT));
    let verifier = Verifier::new(&demand(Scheme::Md5), None);
    assert!(verifier.is_consistent());
    assert!(!Verifier { challenges: MAX_CHALLENGES + 1, ..verifier }.is_consistent());
}

#[cfg(feature = "serde")]
#[test]
fn states_are_stored_and_read_again() {
    let identity = identity(Some(Scheme::Mac));
    let demand = demand(Scheme::Mac);
    let (mut prover, mut verifier) = (Prover::new(&identity, None), Verifier::new(&demand, None));
    for seed in 0..6 {
        let text = serde_json::to_string(&(&prover, &verifier)).unwrap();
        assert_eq!(serde_json::from_str::<(Prover, Verifier)>(&text).unwrap(), (prover.clone(), verifier.clone()));
        assert!(!text.contains("OhBehave"));
        let mac = prover.mac(&identity, BODY).filter(|_| seed != 2);
        let verdict = judge(&mut verifier, &demand, None, mac.as_deref(), seed);
        let chal = verdict.chal.unwrap();
        let text = serde_json::to_string(&chal).unwrap();
        assert_eq!(serde_json::from_str::<ChalForm>(&text).unwrap(), chal);
        prover.answered(&identity, verdict.status, Some(&chal.to_chal()));
    }
    assert!(serde_json::from_str::<ChalForm>(r#"{"scheme":"Md5","nonce":"§"}"#).is_err());
    assert!(serde_json::from_str::<ChalForm>(r#"{"scheme":"Md5","nonce":"","more":1}"#).is_err());
}

#[test]
fn accounts_say_which_schemes() {
    for scheme in [Scheme::Basic, Scheme::Md5, Scheme::Mac] {
        assert_eq!(Scheme::from_account_type(scheme.account_type()), Some(scheme));
        assert_eq!(Scheme::of(&scheme.auth_type()), Some(scheme));
    }
    assert_eq!(Scheme::from_account_type("X509"), None);
    assert_eq!(Scheme::of(&AuthType::X509), None);
    assert!(Scheme::Basic < Scheme::Md5 && Scheme::Md5 < Scheme::Mac);
    assert_eq!((Party::Client.level(), Party::Server.level()), (AuthLevel::Client, AuthLevel::Server));
}
