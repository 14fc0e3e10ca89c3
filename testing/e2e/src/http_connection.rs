//! A keep-alive HTTP/1.1 connection with blocking calls. It takes as little processor time as possible, because it
//! loads servers on the same machine.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection to a server on loopback.
pub struct HttpConnection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// Time limit of an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

impl HttpConnection {
    pub fn connect(port: u16) -> Self {
        Self::try_connect(port).unwrap()
    }

    /// # Errors
    /// If nothing listens there.
    pub fn try_connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Self { stream, request: Vec::new(), answer: Vec::new() })
    }

    /// Sends a request, and returns the status and the body of the answer.
    pub fn send(&mut self, method: &str, path: &str, token: &str, body: &str) -> (u16, &[u8]) {
        self.try_send(method, path, token, body).unwrap()
    }

    /// Sends a request, and returns the status and the body of the answer.
    ///
    /// # Errors
    /// If the server ends the connection before its answer is complete.
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

/// Status, bytes of the head, and bytes of the body, once the head is complete.
fn head_of(answer: &[u8]) -> Option<(u16, usize, usize)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let status = head[9..12].parse().unwrap();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
    Some((status, end, length.map_or(0, |length| length.parse().unwrap())))
}
