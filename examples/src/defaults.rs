//! Who is who when nobody says otherwise.

/// The server's identifier.
pub(crate) const SERVER_ID: &str = "dm.example";
/// The device's identifier.
pub(crate) const DEVICE_ID: &str = "IMEI:350000000000017";
