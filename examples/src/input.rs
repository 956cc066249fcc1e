//! What comes in as text: bytes in hex, credentials.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use dm_session::Secret;
use dm_session::http::BasicCredentials;
use dm_syncml::{CredentialHash, Nonce};

/// Bytes given in hex: a secret, so they do not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl FromStr for Bytes {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        unhex(text).map(Self).ok_or("not an even number of hexadecimal digits")
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bytes(redacted)")
    }
}

/// A name and a password, with a colon in between.
#[derive(Clone)]
pub(crate) struct Login(pub(crate) BasicCredentials);

impl FromStr for Login {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, password) = text.split_once(':').ok_or("no colon between name and password")?;
        BasicCredentials::new(name, Secret::new(password))
            .map(Self)
            .map_err(|_| "the name or the password is not usable")
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(redacted)")
    }
}

/// A name and a password of SyncML credentials.
#[derive(Clone)]
pub(crate) struct NamedPassword {
    pub(crate) name: String,
    pub(crate) password: Secret,
}

impl FromStr for NamedPassword {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, password) = text.split_once(':').ok_or("no colon between name and password")?;
        Ok(Self { name: name.into(), password: Secret::new(password) })
    }
}

impl fmt::Debug for NamedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamedPassword(redacted)")
    }
}

/// A password alone.
#[derive(Clone)]
pub(crate) struct Password(pub(crate) Secret);

impl FromStr for Password {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Secret::new(text)))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// A name and a password of SyncML credentials, as the digest that all of them are made from.
#[derive(Clone)]
pub(crate) struct Account(pub(crate) CredentialHash);

impl FromStr for Account {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, password) = text.split_once(':').ok_or("no colon between name and password")?;
        Ok(Self(CredentialHash::of(name, &dm_syncml::Secret::new(password))))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(redacted)")
    }
}

/// A nonce given in base64.
#[derive(Clone, Default)]
pub(crate) struct GivenNonce(pub(crate) Nonce);

impl FromStr for GivenNonce {
    type Err = dm_syncml::AuthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Nonce::decode(text).map(Self)
    }
}

impl fmt::Debug for GivenNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenNonce(redacted)")
    }
}

/// Bytes from hex digits. White space and what dumps put between bytes does not count.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let filler = |c: &char| c.is_ascii_whitespace() || matches!(c, ':' | '|' | ',');
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !filler(c))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    whole.then(|| pairs.map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// Bytes in hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from base64, in either alphabet, padded or not. White space does not count.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, ANY_PADDING);
    let text: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    ENGINE.decode(text).ok()
}

/// Bytes in base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_in_many_forms() {
        for text in ["20801a", "20 80 | 1A", "0x20801a", "20:80:1a\n"] {
            assert_eq!(unhex(text), Some(vec![0x20, 0x80, 0x1a]), "{text}");
        }
        assert_eq!(unhex("208"), None);
        assert_eq!(unhex("xy"), None);
        assert_eq!(hex(&[0, 0xff]), "00ff");
    }

    #[test]
    fn base64_in_either_alphabet() {
        for text in ["+/8=", "-_8=", "-_8", " +/\n8= "] {
            assert_eq!(unbase64(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(unbase64("+/8=="), None);
        assert_eq!(to_base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn secrets_do_not_show() {
        assert_eq!(format!("{:?}", "c0ffee".parse::<Bytes>()), "Ok(Bytes(redacted))");
        assert_eq!(format!("{:?}", "me:hidden".parse::<Login>().unwrap()), "Login(redacted)");
        assert_eq!(format!("{:?}", "me:hidden".parse::<Account>().unwrap()), "Account(redacted)");
        assert_eq!(format!("{:?}", "me:hidden".parse::<NamedPassword>().unwrap()), "NamedPassword(redacted)");
        assert_eq!(format!("{:?}", "hidden".parse::<Password>().unwrap()), "Password(redacted)");
        assert_eq!(format!("{:?}", "AAAA".parse::<GivenNonce>().unwrap()), "GivenNonce(redacted)");
    }
}
