//! A listener with one fault of TLS, on loopback.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::home::Home;
use crate::process::Process;

/// A fault of a TLS listener. Oracle's client compares the name in the certificate only after a server has accepted it:
/// [`Fault::WrongName`] needs a relay to the stand's plain port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// None: the handshake succeeds.
    None,
    UnknownCa,
    Expired,
    /// A certificate of the right CA for `other.example`.
    WrongName,
    /// Requires a client certificate of the CA.
    WantsClientCert,
    /// TLS 1.3 only, which a client of 2019 does not speak.
    Versions,
    /// No TLS: a plain port of a database.
    Plain,
    /// Accepts the connection and never answers.
    Silent,
    /// Resets the connection in the handshake.
    Reset,
    /// Closes the connection in the handshake.
    Closed,
    /// Answers as a web server does.
    Http,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 10] = [
        Self::UnknownCa,
        Self::Expired,
        Self::WrongName,
        Self::WantsClientCert,
        Self::Versions,
        Self::Plain,
        Self::Silent,
        Self::Reset,
        Self::Closed,
        Self::Http,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::UnknownCa => "unknown-ca",
            Self::Expired => "expired",
            Self::WrongName => "wrong-name",
            Self::WantsClientCert => "wants-client-cert",
            Self::Versions => "versions",
            Self::Plain => "plain",
            Self::Silent => "silent",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Http => "http",
        }
    }
}

/// A running listener. Ended when dropped.
pub struct TlsListener {
    /// Its port on 127.0.0.1 (as `localhost` its certificates have it too).
    pub port: u16,
    lines: Arc<Mutex<Vec<String>>>,
    _process: Process,
}

impl TlsListener {
    /// Starts it on a free port. After the handshake it refuses with ORA-12514, or forwards to the port `relay_to`.
    #[must_use]
    pub fn start(fault: Fault, relay_to: Option<u16>) -> Self {
        let home = Home::ready();
        let mut command = home.python("listener.py");
        command.arg(fault.name()).arg(home.certificates());
        if let Some(port) = relay_to {
            command.arg("--relay").arg(port.to_string());
        }
        let mut process = Process::spawn(command.stdout(Stdio::piped()));
        let mut output = BufReader::new(process.child().stdout.take().unwrap()).lines();
        let first = output.next().expect("the listener does not start").unwrap();
        let port = first.strip_prefix("port ").unwrap().parse().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        std::thread::spawn(move || output.map_while(Result::ok).for_each(|line| seen.lock().unwrap().push(line)));
        Self { port, lines, _process: process }
    }

    /// The things it has seen, one a line: `agreed` (a handshake), `connect` (connect data of a client), `ended ERROR`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}
