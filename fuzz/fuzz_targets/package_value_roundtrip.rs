//! Any value: what can be encoded comes back the same.
#![no_main]

use arbitrary::Arbitrary;
use dm_package::{Limits, MoData, Package1, Package2, Package3, Strictness};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Package1(Package1<'a>),
    Package2(Package2<'a>),
    Package3(Package3<'a>),
    MoData(MoData<'a>),
}

macro_rules! check {
    ($value:expr, $type:ident) => {
        match $value.to_vec() {
            Err(error) => assert_eq!($value.encoded_len(), Err(error)),
            Ok(wire) => {
                assert_eq!($value.encoded_len(), Ok(wire.len()));
                let parsed = $type::parse_with(&wire, Strictness::Strict, &Limits::DEFAULT).expect("strict");
                assert_eq!(parsed.value, $value);
                assert!(parsed.deviations.is_empty());
                assert_eq!($type::parse(&wire).expect("lenient").into_owned(), $value);
            }
        }
    };
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Package1(value) => check!(value, Package1),
        Input::Package2(value) => check!(value, Package2),
        Input::Package3(value) => check!(value, Package3),
        Input::MoData(value) => check!(value, MoData),
    }
});
