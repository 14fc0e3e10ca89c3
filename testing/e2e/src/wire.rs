//! One HTTP connection, kept alive and blocking. Who loads a server that shares the machine does as little as it can.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection to a server on loopback.
pub struct Wire {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl Wire {
    pub fn to(port: u16) -> Self {
        Self::try_to(port).unwrap()
    }

    /// The same, if somebody is there.
    pub fn try_to(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, request: Vec::new(), answer: Vec::new() })
    }

    /// Sends a request, and gives its answer: the status, and the body.
    pub fn send(&mut self, method: &str, path: &str, token: &str, body: &str) -> (u16, &[u8]) {
        self.try_send(method, path, token, body).unwrap()
    }

    /// The same, if the server stays to answer.
    pub fn try_send(&mut self, method: &str, path: &str, token: &str, body: &str) -> io::Result<(u16, &[u8])> {
        self.request.clear();
        write!(
            self.request,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream.write_all(&self.request)?;
        let (mut filled, mut head) = (0, None);
        loop {
            if self.answer.len() < filled + 16 * 1024 {
                self.answer.resize(filled + 64 * 1024, 0);
            }
            let read = self.stream.read(&mut self.answer[filled..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if head.is_none() {
                head = head_of(&self.answer[..filled]);
            }
            if let Some((status, head, length)) = head
                && filled >= head + length
            {
                return Ok((status, &self.answer[head..head + length]));
            }
        }
    }
}

/// Status, bytes of the head, bytes of the body, once the head is whole.
fn head_of(answer: &[u8]) -> Option<(u16, usize, usize)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let status = head[9..12].parse().unwrap();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
    Some((status, end, length.map_or(0, |length| length.parse().unwrap())))
}
