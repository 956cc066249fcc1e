//! Running the built binary: bounded in time, nothing left behind.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// No process of a test may take longer.
const TIME: Duration = Duration::from_secs(60);

/// What a finished process left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// The one JSON object on standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// One JSON object per line.
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A process that runs; it is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dm"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in [
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "CLICOLOR",
        "RUST_LOG",
        "DM_SECRET",
        "DM_BASIC",
        "DM_LOGIN",
        "DM_SERVER_PASSWORD",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs `dm` to its end.
pub(crate) fn dm(arguments: &[&str]) -> Done {
    dm_with(arguments, b"", &[])
}

/// Runs `dm` with this on its standard input and these variables.
pub(crate) fn dm_with(arguments: &[&str], input: &[u8], environment: &[(&str, &str)]) -> Done {
    let mut child = command(arguments).envs(environment.iter().copied()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let mut stdout = child.stdout.take().unwrap();
    let out = thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let mut stderr = child.stderr.take().unwrap();
    let err = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let status = wait(&mut child).unwrap_or_else(|| panic!("dm {arguments:?} does not end"));
    writer.join().unwrap();
    Done { code: status.code(), stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

/// Waits for the end, or kills it.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + TIME;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

impl Running {
    /// Starts `dm` and leaves it running.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stdin(Stdio::null()).spawn().unwrap();
        let (lines, errors) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, lines, errors }
    }

    /// The next line on standard output.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(TIME).expect("no line on standard output")
    }

    /// What follows a name at the beginning of a line of standard output.
    pub(crate) fn value(&self, name: &str) -> String {
        loop {
            if let Some(value) = self.line().trim().strip_prefix(name) {
                return value.trim().to_owned();
            }
        }
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    /// Waits for the end: exit status, the rest of standard output, all of standard error.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        let status = wait(&mut self.child).expect("the process does not end");
        let rest = |from: &Receiver<String>| from.iter().map(|line| line + "\n").collect::<String>();
        (status.code(), rest(&self.lines), rest(&self.errors))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// A folder of a test's own, removed when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// The path of a file in it.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// A file with this content.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
