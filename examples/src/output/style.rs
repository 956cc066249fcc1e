//! The few styles there are. Where colours are not wanted they are stripped on the way out.

use std::fmt::Display;

use anstyle::{AnsiColor, Effects, Style};

/// Headings, and what a line is about.
pub(crate) const STRONG: Style = Style::new().effects(Effects::BOLD);
/// What is there for completeness.
pub(crate) const FAINT: Style = Style::new().effects(Effects::DIMMED);
/// What went as it should, and what was added.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What did not, and what was removed.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What deserves a look, and what was changed.
pub(crate) const NOTE: Style = AnsiColor::Yellow.on_default();
/// What comes from the other side.
pub(crate) const PEER: Style = AnsiColor::Magenta.on_default();
/// Names, and what leaves the device.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

/// `text` in a style.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `text` in a style, with spaces up to a width; the width is that of the text, not of the escapes.
pub(crate) fn pad(style: Style, text: &str, width: usize) -> String {
    let gap = width.saturating_sub(text.chars().count());
    format!("{style}{text}{style:#}{:gap$}", "")
}

/// Text from a peer, fit to be shown: without control characters that would move the cursor.
pub(crate) fn safe(text: &str) -> String {
    let unsafe_char = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if unsafe_char(c) { '\u{fffd}' } else { c }).collect()
}

/// The same, cut to so many characters.
pub(crate) fn short(text: &str, most: usize) -> String {
    let text = safe(text);
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_steer_the_terminal() {
        assert_eq!(safe("a\u{1b}[2Jb\u{202e}"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }
}
