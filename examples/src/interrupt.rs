//! Ctrl-C.

use std::{io, thread};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears it when the user or the system asks the program to end, from the moment that it is made.
struct Listener {
    #[cfg(unix)]
    signals: [Signal; 2],
}

impl Listener {
    /// Has to be called in a runtime.
    fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?],
        })
    }

    async fn requested(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Resolves when the user or the system asks the program to end, from now on. Has to be called in a runtime.
pub(crate) fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut listener = Listener::new()?;
    Ok(async move { listener.requested().await })
}

/// Calls `then` at the first Ctrl-C; a second one ends the process at once.
pub(crate) fn on_request(then: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before anybody can be told that the program runs.
    let mut listener = runtime.block_on(async { Listener::new() })?;
    thread::Builder::new().name("interrupt".into()).spawn(move || {
        runtime.block_on(listener.requested());
        then();
        runtime.block_on(listener.requested());
        std::process::exit(130);
    })?;
    Ok(())
}
