//! Values for property tests and fuzzing; shallow, so that most inputs make one.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{MAX_SERVER_ID_LEN, NotificationBuilder};

impl<'a> Arbitrary<'a> for NotificationBuilder<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (session_id, server_id): (_, &[u8]) = u.arbitrary()?;
        let server_id = match server_id.get(..MAX_SERVER_ID_LEN).unwrap_or(server_id) {
            [] => b"com.mgmtsrv.manage",
            given => given,
        };
        let made = Self::new(server_id, session_id).map_err(|_| arbitrary::Error::IncorrectFormat)?;
        Ok(made.ui_mode(u.arbitrary()?).initiator(u.arbitrary()?).vendor_data(u.arbitrary()?))
    }
}
