//! The 64 bits between digest and server identifier, §1. They are one integer here, so that no field has a byte order of its
//! own.

use super::{Initiator, UiMode};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// 10 bits.
    pub(crate) version: u16,
    /// 2 bits.
    pub(crate) ui_mode: UiMode,
    /// 1 bit.
    pub(crate) initiator: Initiator,
    /// 27 bits.
    pub(crate) future_use: u32,
    pub(crate) session_id: u16,
    pub(crate) server_id_len: u8,
}

const FUTURE_USE: u32 = 0x07ff_ffff;

impl Header {
    pub(crate) const fn read(bytes: [u8; 8]) -> Self {
        let bits = u64::from_be_bytes(bytes);
        let [_, second, ..] = bytes;
        let [.., high, low, server_id_len] = bytes;
        Self {
            version: (bits >> 54) as u16,
            ui_mode: UiMode::from_bits(second >> 4),
            initiator: Initiator::from_bit(second >> 3),
            future_use: (bits >> 24) as u32 & FUTURE_USE,
            session_id: u16::from_be_bytes([high, low]),
            server_id_len,
        }
    }

    pub(crate) const fn bytes(self) -> [u8; 8] {
        let bits = (self.version as u64 & 0x03ff) << 54
            | (self.ui_mode.bits() as u64) << 52
            | (self.initiator.bit() as u64) << 51
            | ((self.future_use & FUTURE_USE) as u64) << 24
            | (self.session_id as u64) << 8
            | self.server_id_len as u64;
        bits.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_has_its_field() {
        for bit in 0..64_u32 {
            let header = Header::read((1_u64 << bit).to_be_bytes());
            assert_eq!(u64::from_be_bytes(header.bytes()), 1 << bit);
            let set = |from: u32, bits: u32| (from..from + bits).contains(&bit);
            assert_eq!(header.server_id_len != 0, set(0, 8), "{bit}");
            assert_eq!(header.session_id != 0, set(8, 16), "{bit}");
            assert_eq!(header.future_use != 0, set(24, 27), "{bit}");
            assert_eq!(header.initiator == Initiator::Server, set(51, 1), "{bit}");
            assert_eq!(header.ui_mode != UiMode::NotSpecified, set(52, 2), "{bit}");
            assert_eq!(header.version != 0, set(54, 10), "{bit}");
        }
        assert_eq!(Header::read([0xff; 8]).bytes(), [0xff; 8]);
    }

    #[test]
    fn the_versions_of_the_reference() {
        for (bytes, version) in [([0x02, 0x80], 10), ([0x02, 0xc0], 11), ([0x03, 0x00], 12), ([0xff, 0xc0], 1023)] {
            let [first, second] = bytes;
            assert_eq!(Header::read([first, second, 0, 0, 0, 0, 0, 0]).version, version);
        }
    }
}
