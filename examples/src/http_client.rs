//! The device's HTTP: one request at a time, no cookies, no redirects. Those are the machine's business.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use dm_session::dm2::client::Failure;
use dm_session::http::{Request, Response};
use ureq::RequestExt as _;
use ureq::tls::{PemItem, RootCerts, TlsConfig};

/// An HTTP client; clones share its connections.
#[derive(Clone)]
pub(crate) struct HttpClient {
    agent: ureq::Agent,
}

impl HttpClient {
    /// A client that trusts the certificates in the file `ca` and no other, or else the public ones.
    pub(crate) fn new(ca: Option<&Path>) -> anyhow::Result<Self> {
        let roots = match ca {
            None => RootCerts::WebPki,
            Some(file) => {
                let pem = std::fs::read(file).with_context(|| file.display().to_string())?;
                let mut certificates = Vec::new();
                for item in ureq::tls::parse_pem(&pem) {
                    if let PemItem::Certificate(certificate) = item.with_context(|| file.display().to_string())? {
                        certificates.push(certificate);
                    }
                }
                anyhow::ensure!(!certificates.is_empty(), "{}: no certificate in it", file.display());
                RootCerts::from(certificates)
            }
        };
        let config = ureq::Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("dm/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.into() })
    }

    /// Sends a request and waits for the answer, `timeout` at most. Of the body one byte more than `most`
    /// is read: enough for the machine to see that it is too long.
    pub(crate) fn send(&self, request: Request, most: usize, timeout: Duration) -> Result<Response, Failure> {
        let outcome = self.try_send(request, most, timeout);
        outcome.map_err(|error| {
            let timed_out = matches!(error.downcast_ref(), Some(ureq::Error::Timeout(_)))
                || error.downcast_ref().is_some_and(|io: &std::io::Error| io.kind() == std::io::ErrorKind::TimedOut);
            tracing::warn!("no HTTP answer: {error:#}");
            if timed_out { Failure::Timeout } else { Failure::Unreachable }
        })
    }

    fn try_send(&self, request: Request, most: usize, timeout: Duration) -> anyhow::Result<Response> {
        let request = http::Request::<Vec<u8>>::try_from(request)?;
        let request = request.with_agent(&self.agent).configure().timeout_global(Some(timeout)).build();
        let (parts, mut body) = request.run()?.into_parts();
        let mut bytes = Vec::new();
        let most = u64::try_from(most)?.saturating_add(1);
        body.as_reader().take(most).read_to_end(&mut bytes)?;
        Ok(http::Response::from_parts(parts, bytes).into())
    }
}
