//! Ctrl-C.

use std::thread;

/// Resolves when the user or the system asks the program to end.
pub(crate) async fn requested() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Calls `then` at the first Ctrl-C; a second one ends the process at once.
pub(crate) fn on_request(then: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("interrupt".into()).spawn(move || {
        runtime.block_on(requested());
        then();
        runtime.block_on(requested());
        std::process::exit(130);
    })?;
    Ok(())
}
