//! Character classes of RFC 9110 and RFC 6265.

/// `OWS` around a list member: space and tab.
pub(super) const BLANK: [char; 2] = [' ', '\t'];

/// `tchar` (RFC 9110 §5.6.2).
pub(super) const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

/// `token` (RFC 9110 §5.6.2): a field name, a cookie name, an authentication scheme.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// Whether `text` can stand in a field: no control character but the tab, so no line can be added.
pub(super) fn is_field_value(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')
}

/// `cookie-octet` (RFC 6265 §4.1.1).
pub(super) const fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}
