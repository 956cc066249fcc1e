//! Options of the alerts that ask a person something (OMA-TS-DM_Protocol-V1_2 §10.3).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::Str;
use crate::text::trim;
use crate::uri::{escape, octets};

/// The options in the first item of the alerts 1100 to 1104.
///
/// ```text
/// MINDT=10&MAXDT=60&DR=John+Doe&MAXLEN=40&IT=A&ET=T
/// ```
///
/// Reading never fails: keys that are not known and values that make no sense are skipped, and of a repeated key the
/// last counts. Options that do not apply to an alert are the business of whoever shows it.
///
/// ```
/// use core::time::Duration;
/// use dm_syncml::{InputType, UiOptions};
/// let options = UiOptions::parse("MAXDT=60&DR=John+Doe%21&IT=A&NEW=1");
/// assert_eq!(options.max_display, Some(Duration::from_secs(60)));
/// assert_eq!(options.default_response.as_deref(), Some("John Doe!"));
///
/// let numbers = UiOptions::new().with_max_len(4).with_input_type(InputType::Numeric);
/// assert_eq!(numbers.to_text(), "MAXLEN=4&IT=N");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UiOptions<'a> {
    /// `MINDT`: how long to show it at least; whole seconds on the wire, at least one.
    pub min_display: Option<Duration>,
    /// `MAXDT`: how long to wait for an answer at most; whole seconds on the wire, at least one.
    pub max_display: Option<Duration>,
    /// `DR`: the answer that stands there from the start. A text for 1102, `0` or `1` for 1101 (see
    /// [`default_confirm`](Self::default_confirm)), numbers for 1103 and 1104 (see
    /// [`default_choices`](Self::default_choices)).
    pub default_response: Option<Str<'a>>,
    /// `MAXLEN`: most characters of the answer to 1102, at least one.
    pub max_len: Option<u32>,
    /// `IT`: what may be entered for 1102.
    pub input_type: InputType,
    /// `ET`: whether what is entered for 1102 can be seen.
    pub echo: Echo,
}

impl<'a> UiOptions<'a> {
    /// No options: everything by default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the Data of the first item; `&` is no longer escaped there.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let mut options = Self::new();
        for pair in trim(text).split('&') {
            let Some((key, value)) = pair.split_once('=') else { continue };
            match trim(key) {
                "MINDT" => options.min_display = seconds(value).or(options.min_display),
                "MAXDT" => options.max_display = seconds(value).or(options.max_display),
                "DR" => options.default_response = Some(decoded(value)),
                "MAXLEN" => options.max_len = positive(value).or(options.max_len),
                "IT" => options.input_type = InputType::from_letter(trim(value)).unwrap_or(options.input_type),
                "ET" => options.echo = Echo::from_letter(trim(value)).unwrap_or(options.echo),
                _ => {}
            }
        }
        options
    }

    /// The text for the first item, where XML escapes the `&`. What is by default is not written; parts of seconds are
    /// rounded up.
    #[must_use]
    pub fn to_text(&self) -> String {
        let whole = |time: Duration| time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
        let pairs = [
            self.min_display.map(whole).filter(|seconds| *seconds > 0).map(|seconds| format!("MINDT={seconds}")),
            self.max_display.map(whole).filter(|seconds| *seconds > 0).map(|seconds| format!("MAXDT={seconds}")),
            self.default_response.as_ref().map(|text| format!("DR={}", encoded(text))),
            self.max_len.filter(|len| *len > 0).map(|len| format!("MAXLEN={len}")),
            (self.input_type != InputType::default()).then(|| format!("IT={}", self.input_type.letter())),
            (self.echo != Echo::default()).then(|| format!("ET={}", self.echo.letter())),
        ];
        pairs.into_iter().flatten().collect::<Vec<_>>().join("&")
    }

    /// The default response to a confirmation (1101): `1` is accepted, `0` is rejected.
    #[must_use]
    pub fn default_confirm(&self) -> Option<bool> {
        match self.default_response.as_deref().map(trim) {
            Some("0") => Some(false),
            Some("1") => Some(true),
            _ => None,
        }
    }

    /// The default response to a choice (1103 and 1104): numbers from 1, such as `2-3`. What is no number is skipped.
    ///
    /// ```
    /// use dm_syncml::UiOptions;
    /// assert!(UiOptions::parse("DR=2-3").default_choices().eq([2, 3]));
    /// ```
    pub fn default_choices(&self) -> impl Iterator<Item = u32> {
        self.default_response.as_deref().unwrap_or_default().split('-').filter_map(positive)
    }

    /// The same options with [`min_display`](Self::min_display).
    #[must_use]
    pub const fn with_min_display(mut self, time: Duration) -> Self {
        self.min_display = Some(time);
        self
    }

    /// The same options with [`max_display`](Self::max_display).
    #[must_use]
    pub const fn with_max_display(mut self, time: Duration) -> Self {
        self.max_display = Some(time);
        self
    }

    /// The same options with [`default_response`](Self::default_response).
    #[must_use]
    pub fn with_default_response(mut self, text: impl Into<Str<'a>>) -> Self {
        self.default_response = Some(text.into());
        self
    }

    /// The same options with numbers of choices, from 1, as [`default_response`](Self::default_response).
    #[must_use]
    pub fn with_default_choices(self, choices: &[u32]) -> Self {
        let texts: Vec<String> = choices.iter().map(|choice| format!("{choice}")).collect();
        self.with_default_response(texts.join("-"))
    }

    /// The same options with [`max_len`](Self::max_len).
    #[must_use]
    pub const fn with_max_len(mut self, characters: u32) -> Self {
        self.max_len = Some(characters);
        self
    }

    /// The same options with [`input_type`](Self::input_type).
    #[must_use]
    pub const fn with_input_type(mut self, input_type: InputType) -> Self {
        self.input_type = input_type;
        self
    }

    /// The same options with [`echo`](Self::echo).
    #[must_use]
    pub const fn with_echo(mut self, echo: Echo) -> Self {
        self.echo = echo;
        self
    }

    /// The same options, independent of the input.
    #[must_use]
    pub fn into_owned(self) -> UiOptions<'static> {
        UiOptions {
            min_display: self.min_display,
            max_display: self.max_display,
            default_response: self.default_response.map(Str::into_owned),
            max_len: self.max_len,
            input_type: self.input_type,
            echo: self.echo,
        }
    }
}

/// Declares a type of one letter on the wire.
macro_rules! letters {
    ($( $(#[$meta:meta])* $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $letter:literal, )+ } )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$vmeta])* $variant, )+ }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The letter on the wire.
            #[must_use]
            pub const fn letter(self) -> &'static str {
                match self { $( Self::$variant => $letter, )+ }
            }

            fn from_letter(text: &str) -> Option<Self> {
                match text { $( $letter => Some(Self::$variant), )+ _ => None }
            }
        }
    )+ };
}

letters! {
    /// What may be entered, and in which form it is answered.
    InputType {
        /// `A`: letters, digits and other characters.
        #[default]
        Alphanumeric = "A",
        /// `N`: digits, a decimal point and a sign.
        Numeric = "N",
        /// `D`: a date, answered as `DDMMYYYY`.
        Date = "D",
        /// `T`: a time, answered as `hhmmss`.
        Time = "T",
        /// `P`: a phone number of digits, `+` (only first), `p`, `w` and `s`.
        Phone = "P",
        /// `I`: an IPv4 address in four decimal numbers.
        Ipv4 = "I",
    }
    /// Whether what is entered can be seen.
    Echo {
        /// `T`: it can.
        #[default]
        Text = "T",
        /// `P`: it is hidden.
        Password = "P",
    }
}

/// A positive decimal number.
fn positive<T: core::str::FromStr + From<u8> + PartialEq>(text: &str) -> Option<T> {
    let text = trim(text);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number != T::from(0))
}

fn seconds(text: &str) -> Option<Duration> {
    positive(text).map(Duration::from_secs)
}

/// `+` is a space and `%HH` an octet. What is not UTF-8 then becomes U+FFFD.
fn decoded(value: &str) -> Str<'_> {
    if !value.contains(['+', '%']) {
        return Str::borrowed(value);
    }
    let octets: Vec<u8> = octets(&value.replace('+', " ")).collect();
    Str::from(String::from_utf8_lossy(&octets).into_owned())
}

fn encoded(text: &str) -> String {
    escape(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~ ".contains(&byte)).replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reading() {
        let options = UiOptions::parse(" MINDT=10&MAXDT=60&DR=John+Doe%2b%C3%A4&MAXLEN=40&IT=P&ET=P\n");
        let wanted = UiOptions::new()
            .with_min_display(Duration::from_secs(10))
            .with_max_display(Duration::from_secs(60))
            .with_default_response("John Doe+ä")
            .with_max_len(40)
            .with_input_type(InputType::Phone)
            .with_echo(Echo::Password);
        assert_eq!(options, wanted);
        assert_eq!(options.to_text(), "MINDT=10&MAXDT=60&DR=John+Doe%2B%C3%A4&MAXLEN=40&IT=P&ET=P");
        assert_eq!(options.clone().into_owned(), options);
    }

    #[test]
    fn what_makes_no_sense_is_skipped() {
        for text in [
            "",
            "&&&",
            "=",
            "MINDT",
            "MINDT=",
            "MINDT=0&MAXDT=-1",
            "MINDT=+5&MAXDT=1.5&MAXLEN=ten",
            "MAXDT=99999999999999999999&MAXLEN=4294967296",
            "mindt=10&it=N",
            "IT=Q&ET=PP&IT=",
            "NEW=1&DRX=2",
        ] {
            assert_eq!(UiOptions::parse(text), UiOptions::new(), "{text}");
        }
        let last = UiOptions::parse("MAXDT=1&MAXDT=2&MAXDT=x&IT=N&IT=Z&DR=a&DR=b");
        assert_eq!(last.max_display, Some(Duration::from_secs(2)));
        assert_eq!((last.input_type, last.default_response.as_deref()), (InputType::Numeric, Some("b")));
        assert_eq!(UiOptions::parse("MAXDT=18446744073709551615").max_display, Some(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn default_responses() {
        let response = |value| UiOptions::new().with_default_response(value);
        for (text, confirm, choices) in [
            ("1", Some(true), &[1][..]),
            ("0", Some(false), &[]),
            ("2-3", None, &[2, 3]),
            ("3--x-1-4294967296", None, &[3, 1]),
            ("", None, &[]),
            ("yes", None, &[]),
        ] {
            assert_eq!(response(text).default_confirm(), confirm, "{text}");
            assert!(response(text).default_choices().eq(choices.iter().copied()), "{text}");
        }
        assert_eq!(UiOptions::new().with_default_choices(&[2, 3]).to_text(), "DR=2-3");
        assert_eq!(UiOptions::new().default_choices().count(), 0);
        for (text, value) in
            [("DR=", ""), ("DR=a=b", "a=b"), ("DR=%", "%"), ("DR=%2", "%2"), ("DR=%FF", "\u{fffd}"), ("DR=%2B+", "+ ")]
        {
            assert_eq!(UiOptions::parse(text).default_response.as_deref(), Some(value), "{text}");
        }
        assert!(UiOptions::parse("DR=plain").default_response.unwrap().is_borrowed());
    }

    #[test]
    fn durations() {
        let text = |time| UiOptions::new().with_min_display(time).with_max_display(time).to_text();
        assert_eq!(text(Duration::ZERO), "");
        assert_eq!(text(Duration::from_nanos(1)), "MINDT=1&MAXDT=1");
        assert_eq!(text(Duration::from_millis(1500)), "MINDT=2&MAXDT=2");
        assert_eq!(text(Duration::MAX), "MINDT=18446744073709551615&MAXDT=18446744073709551615");
        assert_eq!(UiOptions::new().with_max_len(0).to_text(), "");
    }

    prop_compose! {
        fn any_options()(
            min in prop::option::of(1..=u64::MAX),
            max in prop::option::of(1..=u64::MAX),
            response in prop::option::of("\\PC{0,20}|[ &=+%24b\r\n]{0,8}"),
            max_len in prop::option::of(1..=u32::MAX),
            input_type in prop::sample::select(InputType::ALL),
            echo in prop::sample::select(Echo::ALL),
        ) -> UiOptions<'static> {
            UiOptions {
                min_display: min.map(Duration::from_secs),
                max_display: max.map(Duration::from_secs),
                default_response: response.map(Str::from),
                max_len,
                input_type,
                echo,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn written_options_are_read_again(options in any_options()) {
            let written = options.to_text();
            prop_assert_eq!(UiOptions::parse(&written), options);
        }

        #[test]
        fn any_text_is_read(
            text in "(([A-Z]{0,2}|MINDT|MAXDT|DR|MAXLEN|IT|ET)=([0-9]{1,22}|(%FF|%26|%|&|\\PC){0,6})&?){0,5}",
        ) {
            let options = UiOptions::parse(&text);
            let written = options.to_text();
            prop_assert_eq!(UiOptions::parse(&written), options);
        }
    }
}
