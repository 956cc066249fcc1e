//! What Windows PCs say besides SyncML: header fields, parameters of the URL, and alerts (\[MS-MDM\]).
//!
//! All of it is optional, and none of it is proof of anything before it is checked: the machines use none of it. A
//! host looks at the request before it hands it to the server machine. The machine for such a device is
//! [configured](crate::dm1::ServerConfig::windows) with [`Profile::Windows`](crate::dm1::Profile::Windows).
//!
//! ```
//! use dm_session::dm1::windows::{Mode, WindowsRequest};
//! use dm_session::http::{Method, Request};
//!
//! let request = Request::new(Method::Post, "/ManagementServer/MDM.svc?mode=Maintenance&Platform=WoA")
//!     .with_header("User-Agent", "MSFT OMA DM Client/1.2.0.1")
//!     .with_header("MDM-GenericAlert", "<com.example:a><com.example:b>")
//!     .with_header("Authorization", "Bearer eyJ0")
//!     .with_body("<SyncML/>");
//! let seen = WindowsRequest::of(&request);
//! assert_eq!(seen.mode, Some(Mode::Maintenance));
//! assert_eq!(seen.client_version, Some("1.2.0.1"));
//! assert_eq!(seen.generic_alerts, ["com.example:a", "com.example:b"]);
//! assert_eq!(seen.bearer_token, Some("eyJ0"));
//! assert_eq!(seen.body(), b"<SyncML/>"); // what a signature was made over
//! assert!(!format!("{seen:?}").contains("eyJ0"));
//! ```

use alloc::vec::Vec;
use core::fmt;

use super::alert::{AlertKind, ClientAlert};
use crate::http::Request;

pub use super::alert::UNENROLMENT;

/// `Type` of the alert (1224) that says who is logged in: [`login_status`] reads it.
pub const LOGIN_STATUS: &str = "com.microsoft/MDM/LoginStatus";

/// `Type` of the alert (1224) with the token of the user (a JWT) that Entra ID gave out.
pub const AAD_USER_TOKEN: &str = "com.microsoft/MDM/AADUserToken";

/// `Type` of the alert (1224) that says for whom the session is: `user`, `device` or `mixed`.
pub const SYNC_TYPE: &str = "com.microsoft.mdm.synctype";

/// `Type` of the alert (1224) of a device that is prepared for its user.
pub const DEVICE_PREP_SYNC: &str = "com.microsoft/MDM/DevicePrepSync";

/// `Type` of the alert (1224) of a device that Autopilot sets up.
pub const BOOTSTRAP_SYNC: &str = "com.microsoft/MDM/BootstrapSync";

/// `Type` of the alert (1224) of a device that joins a domain while it is set up.
pub const ODJ_SYNC: &str = "com.microsoft/MDM/OdjSync";

/// `Type` of the alert (1224) with what a device has of its declared configuration.
pub const DECLARED_CONFIGURATION: &str = "com.microsoft.mdm.declaredconfigurationdocuments";

/// `Type` of the alert (1224) about an MSI package; its Source is the node of the package.
pub const WIN32_CSP_INSTALL: &str = "com.microsoft.mdm.win32csp_install";

/// Most members of a list in a header field that are looked at.
const MAX_LIST: usize = 64;

/// Whether a user is logged in, by the alert [`LOGIN_STATUS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the three words of the alert")]
pub enum LoginStatus {
    /// `user`: one that is enrolled. What is for users (`./User`) can be done.
    User,
    /// `others`: one that is not.
    Others,
    /// `none`.
    None,
}

/// Who is logged in, if the alert says that.
///
/// ```
/// use dm_session::dm1::{AlertItem, ClientAlert, windows};
/// let alert = ClientAlert::event(AlertItem::new(windows::LOGIN_STATUS, "user"));
/// assert_eq!(windows::login_status(&alert), Some(windows::LoginStatus::User));
/// ```
#[must_use]
pub fn login_status(alert: &ClientAlert) -> Option<LoginStatus> {
    match event_data(alert, LOGIN_STATUS)?.trim() {
        word if word.eq_ignore_ascii_case("user") => Some(LoginStatus::User),
        word if word.eq_ignore_ascii_case("others") => Some(LoginStatus::Others),
        word if word.eq_ignore_ascii_case("none") => Some(LoginStatus::None),
        _ => None,
    }
}

/// The data of the first Item of that `Type` in a client event (1224).
///
/// A token that came so ([`AAD_USER_TOKEN`]) is for the host to verify.
#[must_use]
pub fn event_data<'a>(alert: &'a ClientAlert, alert_type: &str) -> Option<&'a str> {
    let items = alert.items.iter().filter(|_| alert.kind == AlertKind::Event);
    items.filter(|item| item.alert_type().eq_ignore_ascii_case(alert_type)).find_map(|item| item.content.data.as_str())
}

/// The `mode` of the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode<'r> {
    /// `Maintenance`.
    Maintenance,
    /// `Machine`: no user has a session on the device.
    Machine,
    /// Another word.
    Other(&'r str),
}

/// What a Windows client says in the header and the URL of a request, as far as it does.
///
/// `Debug` shows neither tokens nor the signature nor the body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowsRequest<'r> {
    /// `User-Agent` as it is.
    pub user_agent: Option<&'r str>,
    /// The version in a `User-Agent` of the form `MSFT OMA DM Client/1.2.0.1`, which only Windows has.
    pub client_version: Option<&'r str>,
    /// `mode` of the URL.
    pub mode: Option<Mode<'r>>,
    /// `Platform` of the URL, `WoA` on every architecture.
    pub platform: Option<&'r str>,
    /// `client-request-id`: the device's id at Entra ID, or `0`.
    pub client_request_id: Option<&'r str>,
    /// `MS-CV`, which correlates logs.
    pub correlation_vector: Option<&'r str>,
    /// The token of `Authorization: Bearer`: that of a user of Entra ID.
    pub bearer_token: Option<&'r str>,
    /// `DeviceToken`: that of the device, where the server asked for it (`ForceAadToken`).
    pub device_token: Option<&'r str>,
    /// `MS-Signature`: CMS, detached, over [`body`](Self::body), in Base64.
    pub signature: Option<&'r str>,
    /// The types in `MDM-GenericAlert`: what is fatal or critical among the alerts (1226) for which the session
    /// began. Said with every message.
    pub generic_alerts: Vec<&'r str>,
    /// The numbers in `UserAgentOrigin`: who began the session.
    pub origins: Vec<u32>,
    body: &'r [u8],
}

impl<'r> WindowsRequest<'r> {
    /// Reads a request. What is not there, or not in the form that it has to have, is absent; of a field that stands
    /// twice the first counts.
    #[must_use]
    pub fn of(request: &'r Request) -> Self {
        let field = |name: &str| request.headers.get(name).map(str::trim).filter(|value| !value.is_empty());
        let user_agent = field("User-Agent");
        Self {
            user_agent,
            client_version: user_agent.and_then(client_version),
            mode: parameter(&request.uri, "mode").map(|word| match word {
                word if word.eq_ignore_ascii_case("Maintenance") => Mode::Maintenance,
                word if word.eq_ignore_ascii_case("Machine") => Mode::Machine,
                word => Mode::Other(word),
            }),
            platform: parameter(&request.uri, "Platform"),
            client_request_id: field("client-request-id"),
            correlation_vector: field("MS-CV"),
            bearer_token: field("Authorization").and_then(bearer),
            device_token: field("DeviceToken"),
            signature: field("MS-Signature"),
            generic_alerts: field("MDM-GenericAlert").map(angled).unwrap_or_default(),
            origins: field("UserAgentOrigin").map(numbers).unwrap_or_default(),
            body: &request.body,
        }
    }

    /// The body, to the byte as it was received: a signature is made over nothing else.
    #[must_use]
    pub const fn body(&self) -> &'r [u8] {
        self.body
    }

    /// Whether the session began for that alert, such as [`UNENROLMENT`].
    #[must_use]
    pub fn began_for(&self, alert_type: &str) -> bool {
        self.generic_alerts.iter().any(|have| have.eq_ignore_ascii_case(alert_type))
    }
}

impl fmt::Debug for WindowsRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |value: Option<&str>| value.map(|_| "…");
        f.debug_struct("WindowsRequest")
            .field("user_agent", &self.user_agent)
            .field("client_version", &self.client_version)
            .field("mode", &self.mode)
            .field("platform", &self.platform)
            .field("client_request_id", &self.client_request_id)
            .field("correlation_vector", &self.correlation_vector)
            .field("bearer_token", &hidden(self.bearer_token))
            .field("device_token", &hidden(self.device_token))
            .field("signature", &hidden(self.signature))
            .field("generic_alerts", &self.generic_alerts)
            .field("origins", &self.origins)
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// What stands behind `MSFT OMA DM Client/`.
fn client_version(agent: &str) -> Option<&str> {
    const PRODUCT: &str = "MSFT OMA DM Client/";
    let (product, version) = agent.split_at_checked(PRODUCT.len())?;
    let version = version.split_ascii_whitespace().next()?;
    product.eq_ignore_ascii_case(PRODUCT).then_some(version)
}

/// A parameter of the URL, by its name in any letter case; an empty one is none. These are plain words: nothing is
/// decoded.
fn parameter<'r>(uri: &'r str, name: &str) -> Option<&'r str> {
    let query = uri.split('#').next()?.split_once('?')?.1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(have, value)| have.eq_ignore_ascii_case(name) && !value.is_empty()).map(|(_, value)| value)
}

fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty())
}

/// `<a><b>`.
fn angled(list: &str) -> Vec<&str> {
    let members = list.split('<').skip(1).filter_map(|member| member.split_once('>'));
    members.map(|(member, _)| member.trim()).filter(|member| !member.is_empty()).take(MAX_LIST).collect()
}

/// `1,3`.
fn numbers(list: &str) -> Vec<u32> {
    list.split(',').filter_map(|number| number.trim().parse().ok()).take(MAX_LIST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dm1::alert::AlertItem;
    use crate::dm1::{Profile, ServerConfig};
    use crate::http::Method;
    use alloc::format;

    #[test]
    fn everything_that_windows_says() {
        let request = Request::new(Method::Post, "https://dm.example/s?x=1&Mode=machine&platform=WoA#end")
            .with_header("user-agent", " MSFT OMA DM Client/1.2.0.1 ")
            .with_header("Client-Request-Id", "0")
            .with_header("MS-CV", "aB3.1")
            .with_header("Authorization", "bearer  token-of-user ")
            .with_header("DeviceToken", "token-of-device")
            .with_header("MS-Signature", "signature-of-body")
            .with_header("MDM-GenericAlert", "<com.microsoft:mdm.unenrollment.userrequest> < b >")
            .with_header("UserAgentOrigin", "1, 7,x,,3")
            .with_body(&b"\xff<SyncML/>\r\n"[..]);
        let seen = WindowsRequest::of(&request);
        assert_eq!(seen.user_agent, Some("MSFT OMA DM Client/1.2.0.1"));
        assert_eq!(seen.client_version, Some("1.2.0.1"));
        assert_eq!((seen.mode, seen.platform), (Some(Mode::Machine), Some("WoA")));
        assert_eq!((seen.client_request_id, seen.correlation_vector), (Some("0"), Some("aB3.1")));
        assert_eq!((seen.bearer_token, seen.device_token), (Some("token-of-user"), Some("token-of-device")));
        assert_eq!(seen.signature, Some("signature-of-body"));
        assert_eq!(seen.generic_alerts, [UNENROLMENT, "b"]);
        assert!(seen.began_for(UNENROLMENT) && !seen.began_for("c"));
        assert_eq!(seen.origins, [1, 7, 3]);
        assert_eq!(seen.body(), b"\xff<SyncML/>\r\n", "to the byte");
        for shown in [format!("{seen:?}"), format!("{request:?}")] {
            for secret in ["token-of", "signature-of"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }

    #[test]
    fn what_is_absent_or_malformed_is_absent() {
        let request = Request::new(Method::Post, "/dm?mode=&platform&other=a")
            .with_header("User-Agent", "SomethingElse/1.0")
            .with_header("Authorization", "Basic QnJ1Y2U6T2hCZWhhdmU=")
            .with_header("DeviceToken", "  ")
            .with_header("MDM-GenericAlert", "no brackets <open")
            .with_header("UserAgentOrigin", "4294967296,-1");
        let seen = WindowsRequest::of(&request);
        assert_eq!(seen.user_agent, Some("SomethingElse/1.0"));
        assert_eq!((seen.client_version, seen.mode, seen.platform), (None, None, None));
        assert_eq!((seen.bearer_token, seen.device_token, seen.signature), (None, None, None));
        assert!(seen.generic_alerts.is_empty() && seen.origins.is_empty());
        let nothing = Request::new(Method::Post, "/dm");
        assert_eq!(WindowsRequest::of(&nothing).mode, None);
        let other = Request::new(Method::Post, "/dm?mode=Kiosk&mode=Machine");
        assert_eq!(WindowsRequest::of(&other).mode, Some(Mode::Other("Kiosk")));
        for agent in ["MSFT OMA DM Client/", "MSFT OMA DM Client", "é", ""] {
            let request = Request::new(Method::Post, "/dm").with_header("User-Agent", agent);
            assert_eq!(WindowsRequest::of(&request).client_version, None, "{agent}");
        }
    }

    #[test]
    fn lists_are_bounded() {
        let many = "<a>".repeat(10_000);
        let numbers = "1,".repeat(10_000);
        let request = Request::new(Method::Post, "/dm")
            .with_header("MDM-GenericAlert", many)
            .with_header("UserAgentOrigin", numbers);
        let seen = WindowsRequest::of(&request);
        assert_eq!((seen.generic_alerts.len(), seen.origins.len()), (MAX_LIST, MAX_LIST));
    }

    #[test]
    fn who_is_logged_in() {
        let alert = |data: &str| ClientAlert::event(AlertItem::new(LOGIN_STATUS, data));
        for (data, wanted) in [
            ("user", Some(LoginStatus::User)),
            (" Others\n", Some(LoginStatus::Others)),
            ("none", Some(LoginStatus::None)),
            ("", None),
            ("users", None),
        ] {
            assert_eq!(login_status(&alert(data)), wanted, "{data}");
        }
        assert_eq!(login_status(&ClientAlert::generic(AlertItem::new(LOGIN_STATUS, "user"))), None, "1226");
        assert_eq!(login_status(&ClientAlert::event(AlertItem::new(SYNC_TYPE, "user"))), None);
        let two =
            ClientAlert::event(AlertItem::new(AAD_USER_TOKEN, "jwt")).with_item(AlertItem::new(SYNC_TYPE, "mixed"));
        assert_eq!((event_data(&two, AAD_USER_TOKEN), event_data(&two, SYNC_TYPE)), (Some("jwt"), Some("mixed")));
        assert!(!format!("{two:?}").contains("jwt"));
    }

    #[test]
    fn configuration_for_windows() {
        let config = ServerConfig::windows("mdm.example", "https://mdm.example/dm").with_max_msg_size(Some(5000));
        assert_eq!(config.profile, Profile::Windows);
        assert_eq!(config.announced_msg_size(), None, "never announced to Windows");
        assert!(config.check().is_ok());
    }
}
