//! Values for property tests and fuzzing; shallow, so that most inputs make one.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::{ConType, NotificationBuilder};

impl<'a> Arbitrary<'a> for ConType {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u8::arbitrary(u).map(Self::from)
    }
}

impl<'a> Arbitrary<'a> for NotificationBuilder<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let server_id = Arbitrary::arbitrary(u)?;
        let mut made =
            Self::new(server_id).or_else(|_| Self::new("dm.example")).map_err(|_| arbitrary::Error::IncorrectFormat)?;
        if let Some(con_type) = Arbitrary::arbitrary(u)? {
            made = made.con_type(con_type);
        }
        if let Some(id) = Arbitrary::arbitrary(u)? {
            made = made.notification_id(id);
        }
        if let Some(time) = Arbitrary::arbitrary(u)? {
            made = made.timestamp(time);
        }
        if Arbitrary::arbitrary(u)? {
            made = made.req_mos();
        }
        Ok(made)
    }
}
