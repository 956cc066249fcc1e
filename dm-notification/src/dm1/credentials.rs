//! The digest, §2:
//!
//! ```text
//! A      = H( server-identifier ":" password )
//! digest = H( B64(A) ":" nonce ":" B64( H(trigger) ) )
//! ```
//!
//! H is MD5, fixed by the standard. Base64 is written here, because nothing is allocated and only 16 bytes ever are encoded.

use core::fmt;
use core::ops::BitAnd;

use md5::{Digest as _, Md5};
use subtle::{Choice, ConstantTimeEq};

/// The length of the digest in bytes.
pub const DIGEST_LEN: usize = 16;

/// The length of 16 bytes in Base64.
const TEXT_LEN: usize = 24;

/// The server credentials of an account (SRVCRED), as far as notifications need them. `Debug` shows none of it.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    key: Key<'a>,
    nonce: &'a [u8],
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Password(&'a [u8]),
    /// B64(A), ready made.
    Hash(&'a str),
}

impl<'a> Credentials<'a> {
    /// From the password of the server (AAuthSecret) and its nonce (AAuthData): the octets that the device last gave this
    /// server, not their Base64 text. The name that is hashed with the password is the identifier in the notification.
    #[must_use]
    pub const fn new(password: &'a [u8], nonce: &'a [u8]) -> Self {
        Self { key: Key::Password(password), nonce }
    }

    /// From `B64(H(name:password))`, 24 characters, for those who do not store passwords. The name in it must be the server
    /// identifier. Any other text verifies nothing.
    #[must_use]
    pub const fn from_hash(hash: &'a str, nonce: &'a [u8]) -> Self {
        Self { key: Key::Hash(hash), nonce }
    }

    /// The same with another nonce, such as that of a [`ResyncNonce`](super::ResyncNonce).
    #[must_use]
    pub const fn with_nonce(mut self, nonce: &'a [u8]) -> Self {
        self.nonce = nonce;
        self
    }

    /// The nonce.
    #[must_use]
    pub const fn nonce(&self) -> &'a [u8] {
        self.nonce
    }

    /// The digest of a trigger that comes in parts.
    pub(crate) fn digest(&self, server_id: &[u8], trigger: &[&[u8]]) -> [u8; DIGEST_LEN] {
        let made;
        let key = match self.key {
            Key::Password(password) => {
                made = base64(&hash(&[server_id, b":", password]));
                made.as_slice()
            }
            Key::Hash(text) => text.as_bytes(),
        };
        hash(&[key, b":", self.nonce, b":", &base64(&hash(trigger))])
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// Compares in constant time, eight bytes at once.
pub(crate) fn same(left: &[u8; DIGEST_LEN], right: &[u8; DIGEST_LEN]) -> bool {
    let words = left.as_chunks().0.iter().zip(right.as_chunks().0);
    let same = words.map(|(left, right)| u64::from_ne_bytes(*left).ct_eq(&u64::from_ne_bytes(*right)));
    same.fold(Choice::from(1), Choice::bitand).into()
}

fn hash(parts: &[&[u8]]) -> [u8; DIGEST_LEN] {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Base64 of 16 bytes: five groups of three and one byte left.
fn base64(bytes: &[u8; DIGEST_LEN]) -> [u8; TEXT_LEN] {
    let mut text = [b'='; TEXT_LEN];
    let (groups, last) = bytes.as_chunks::<3>();
    let (places, tail) = text.as_chunks_mut::<4>();
    let mut places = places.iter_mut().chain(tail.as_chunks_mut::<4>().0);
    for ([a, b, c], place) in groups.iter().zip(&mut places) {
        *place = [a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, *c].map(character);
    }
    if let ([a], Some([first, second, ..])) = (last, places.next()) {
        [*first, *second] = [a >> 2, a << 4].map(character);
    }
    text
}

/// The character for the low six bits, without a table: its place in the cache would depend on the secret.
const fn character(bits: u8) -> u8 {
    let bits = bits & 0x3f;
    match bits {
        0..=25 => b'A'.wrapping_add(bits),
        26..=51 => b'a'.wrapping_sub(26).wrapping_add(bits),
        52..=61 => b'0'.wrapping_sub(52).wrapping_add(bits),
        62 => b'+',
        _ => b'/',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_known_hashes() {
        let texts: [(&[u8], &[u8]); 4] = [
            (b"com.mgmtsrv.manage:srvpassword", b"PJFom3w2SeOTLfTJ4SWl0A=="),
            (b"a:srvpassword", b"W5NIADQaan6jiMEeAPdE1A=="),
            (b"Bruce2:OhBehave", b"PtEdr8lBQ45IbT1bZIkrOQ=="),
            (b"Bruce:OhBehave", b"l+IXAO0Dma2iaBljrgteTA=="),
        ];
        for (hashed, text) in texts {
            assert_eq!(base64(&hash(&[hashed])), text);
        }
    }

    #[test]
    fn all_characters_in_their_order() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        assert!(
            alphabet.iter().zip(0..).all(|(known, bits)| character(bits) == *known && character(bits | 0xc0) == *known)
        );
    }

    #[test]
    fn one_wrong_bit_is_a_difference() {
        let left = [0x5a; DIGEST_LEN];
        assert!(same(&left, &left));
        for bit in 0..128 {
            let mut right = left;
            right[bit / 8] ^= 1 << (bit % 8);
            assert!(!same(&left, &right));
        }
    }
}
