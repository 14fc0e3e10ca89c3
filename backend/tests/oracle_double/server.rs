//! The program with a database of the double.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{PASSWORD, folder};

/// The program, with its database named in the environment.
pub fn passmint(service: &str, data: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passmint"));
    command
        .env("PASSMINT_DATABASE", "oracle")
        .env("PASSMINT_DATA", data.path())
        .env("PASSMINT_ORACLE_CONNECT", format!("localhost/{service}"))
        .env("PASSMINT_ORACLE_USER", "passmint")
        .env("PASSMINT_ORACLE_PASSWORD", PASSWORD)
        .env("PASSMINT_ORACLE_CLIENT", folder())
        .env("PASSMINT_DATABASE_SECONDS", "6")
        .stdin(Stdio::null());
    command
}

/// A running `passmint serve`.
pub struct Server {
    pub child: Child,
    pub port: u16,
    pub lines: Receiver<String>,
    output: RefCell<String>,
}

impl Server {
    pub fn start(service: &str, data: &TempDir) -> Self {
        Self::start_with(service, data, &[])
    }

    /// With more variables of the environment.
    pub fn start_with(service: &str, data: &TempDir, settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = passmint(service, data)
            .envs(settings.iter().copied())
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let said = said.clone();
            std::thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).for_each(|line| drop(said.send(line)));
            });
        }
        let server = Self { child, port, lines, output: RefCell::default() };
        server.wait_for("serving");
        server
    }

    /// Waits for a text in the output, and returns all output so far.
    pub fn wait_for(&self, text: &str) -> String {
        let mut output = self.output.borrow_mut();
        while !output.contains(text) {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("no {text:?} in the output:\n{output}"));
            output.push_str(&line);
            output.push('\n');
        }
        output.clone()
    }

    /// The answer, and the time it took.
    pub fn get(&self, path: &str) -> (String, Duration) {
        let start = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let token = "A".repeat(43);
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer, start.elapsed())
    }

    pub fn status(&self, path: &str) -> String {
        self.get(path).0.split(' ').nth(1).unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request that looks its session up in the database.
pub const LIST: &str = "/api/v1/changes";
