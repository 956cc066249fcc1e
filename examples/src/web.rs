//! HTTP and HTTPS for the server: axum in front of [`DmServer`], [`Dm1Server`] and [`Repository`].

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use axum::routing::any;
use axum::serve::Listener;
use dm_package::Limits;
use dm_session::http::{CONTENT_TYPE, Request, Response};
use dm_syncml::MediaType;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::dm1::server::Dm1Server;
use crate::repository::Repository;
use crate::server::DmServer;

/// The path of the DM endpoint.
pub(crate) const DM_PATH: &str = "/dm";
/// The path of the data repository.
pub(crate) const REPO_PATH: &str = "/repo";

/// How long a device may take to send a request, or to shake hands.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How long open requests may take when the server goes down.
const SHUTDOWN_TIME: Duration = Duration::from_secs(2);

/// What the requests share: a server of either protocol, or of both, and a repository.
pub(crate) struct Site {
    dm: Option<Mutex<DmServer>>,
    dm1: Option<Mutex<Dm1Server>>,
    repository: Mutex<Repository>,
}

impl Site {
    pub(crate) fn new(dm: Option<DmServer>, dm1: Option<Dm1Server>, repository: Repository) -> Arc<Self> {
        Arc::new(Self { dm: dm.map(Mutex::new), dm1: dm1.map(Mutex::new), repository: Mutex::new(repository) })
    }

    pub(crate) fn dm(&self) -> Option<MutexGuard<'_, DmServer>> {
        self.dm.as_ref().map(|dm| dm.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn dm1(&self) -> Option<MutexGuard<'_, Dm1Server>> {
        self.dm1.as_ref().map(|dm1| dm1.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The machine that a Content-Type is for: SyncML comes from devices of DM 1.2. What is neither's is refused by the
    /// one that there is.
    fn is_for_dm1(&self, content_type: Option<&str>) -> bool {
        let syncml = content_type.is_some_and(|value| MediaType::of(value).is_message());
        match (&self.dm, &self.dm1) {
            (Some(_), Some(_)) => syncml,
            (dm, _) => dm.is_none(),
        }
    }

    fn tick(&self) {
        if let Some(mut dm) = self.dm() {
            dm.tick();
        }
        if let Some(mut dm1) = self.dm1() {
            dm1.tick();
        }
    }

    fn abort(&self) {
        if let Some(mut dm) = self.dm() {
            dm.abort();
        }
        if let Some(mut dm1) = self.dm1() {
            dm1.abort();
        }
    }

    pub(crate) fn repository(&self) -> MutexGuard<'_, Repository> {
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves a site until `stop` resolves; then open requests are finished and the sessions end.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    site: Arc<Site>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = Router::new()
        .route(DM_PATH, any(dm))
        .route(&format!("{DM_PATH}/{{*rest}}"), any(dm))
        .route(&format!("{REPO_PATH}/{{*path}}"), any(repository))
        .with_state(Arc::clone(&site));
    let ticking = tokio::spawn({
        let site = Arc::clone(&site);
        async move {
            let mut second = tokio::time::interval(Duration::from_secs(1));
            loop {
                second.tick().await;
                site.tick();
            }
        }
    });
    let (stopping, mut stopped) = mpsc::channel::<()>(1);
    let stop = async move {
        stop.await;
        drop(stopping);
    };
    let overdue = async {
        let _: Option<()> = stopped.recv().await;
        tokio::time::sleep(SHUTDOWN_TIME).await;
    };
    let serving = async {
        match tls {
            None => axum::serve(listener, router).with_graceful_shutdown(stop).await,
            Some(tls) => axum::serve(TlsListener::new(listener, tls)?, router).with_graceful_shutdown(stop).await,
        }
    };
    let served = tokio::select! {
        served = serving => served,
        () = overdue => Ok(()),
    };
    ticking.abort();
    site.abort();
    served.context("serving")
}

/// The DM endpoint, and what is below it.
async fn dm(State(site): State<Arc<Site>>, request: axum::extract::Request) -> axum::response::Response {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let dm1 = site.is_for_dm1(content_type);
    let most = if dm1 { dm_syncml::Limits::DEFAULT.max_message_len } else { Limits::DEFAULT.max_package_len };
    let request = match read(request, most).await {
        Ok(request) => request,
        Err(status) => return write(Response::new(status)),
    };
    let answer =
        if dm1 { site.dm1().map(|mut dm1| dm1.answer(request)) } else { site.dm().map(|mut dm| dm.answer(request)) };
    write(answer.unwrap_or_else(|| Response::new(404)))
}

/// The data repository.
async fn repository(
    State(site): State<Arc<Site>>,
    Path(path): Path<String>,
    request: axum::extract::Request,
) -> axum::response::Response {
    match read(request, Limits::DEFAULT.max_mo_len).await {
        Ok(request) => {
            let response = site.repository().answer(&path, &request);
            tracing::info!(
                status = response.status,
                bytes = request.body.len(),
                "repository: {} {path:?}",
                request.method.as_str()
            );
            write(response)
        }
        Err(status) => write(Response::new(status)),
    }
}

/// Takes a request with all of its body; `Err` is the status of a refusal.
async fn read(request: axum::extract::Request, most: usize) -> Result<Request, u16> {
    let (parts, body) = request.into_parts();
    let Ok(body) = timeout(REQUEST_TIME, to_bytes(body, most)).await else { return Err(408) };
    let body = body.map_err(|_| 413_u16)?.to_vec();
    Request::try_from(http::Request::from_parts(parts, body)).map_err(|error| error.status_code())
}

fn write(response: Response) -> axum::response::Response {
    match http::Response::<Vec<u8>>::try_from(response) {
        Ok(response) => response.map(Body::from),
        Err(_) => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Accepts TLS connections. Handshakes run side by side, so that a slow one holds up nobody.
struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    fn new(mut listener: TcpListener, tls: TlsAcceptor) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (done, ready) = mpsc::channel(64);
        tokio::spawn(async move {
            while !done.is_closed() {
                let (stream, peer) = Listener::accept(&mut listener).await;
                let (tls, done) = (tls.clone(), done.clone());
                tokio::spawn(async move {
                    match timeout(REQUEST_TIME, tls.accept(stream)).await {
                        Ok(Ok(stream)) => drop(done.send((stream, peer)).await),
                        Ok(Err(error)) => tracing::warn!(%peer, "TLS: {error}"),
                        Err(_) => tracing::warn!(%peer, "TLS: the handshake took too long"),
                    }
                });
            }
        });
        Ok(Self { ready, address })
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A certificate for these hosts, made for this run, and the one that vouches for it, in PEM. The keys
/// stay in memory.
pub(crate) fn self_made_tls(hosts: Vec<String>) -> anyhow::Result<(TlsAcceptor, String)> {
    let named = |name: &str| {
        let mut distinguished = DistinguishedName::new();
        distinguished.push(DnType::CommonName, name);
        distinguished
    };
    let mut authority = CertificateParams::default();
    authority.distinguished_name = named("dm serve, made for one run");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(hosts)?;
    server.distinguished_name = named("dm serve");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &issuer)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![server_certificate.der().clone()],
            PrivatePkcs8KeyDer::from(server_key.serialize_der()).into(),
        )?;
    Ok((TlsAcceptor::from(Arc::new(config)), authority_certificate.pem()))
}
