//! Why a connection over TLS failed. Under Passmint's time limit, Oracle's client 19.3 reports nearly every fault of TLS
//! as ORA-12561: a second attempt, without the limit, finds the cause.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use oracle::Connector;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::descriptor::Descriptor;
use super::remedy::{Code, TlsVerdict};
use super::{OracleSettings, explain, load_client};

/// The time limit of a TCP connection, and of an answer to the first message of TLS.
pub(super) const TCP_TIME: Duration = Duration::from_secs(3);

/// The result of a second attempt to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondTry {
    LoggedIn,
    Failed(Code),
    /// It did not end in time.
    Silent,
    /// It could not be made, or failed without a code.
    NotRun,
}

/// The step at which a connection over TLS failed, and its explanation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FailedStep {
    Tls(String),
    /// TLS was agreed.
    LogIn(String),
    /// One of the two.
    Unknown(String),
}

impl FailedStep {
    pub(super) fn into_text(self) -> String {
        let (Self::Tls(text) | Self::LogIn(text) | Self::Unknown(text)) = self;
        text
    }
}

/// Logs in once, without the client's time limit: it may never return.
pub fn log_in_without_limit(settings: &OracleSettings) -> SecondTry {
    if load_client(settings).is_err() {
        return SecondTry::NotRun;
    }
    let text = settings.descriptor.to_string_without_limit();
    match Connector::new(&settings.user, settings.password.as_str(), text).connect() {
        Ok(_) => SecondTry::LoggedIn,
        Err(error) => Code::of(&error).map_or(SecondTry::NotRun, SecondTry::Failed),
    }
}

/// The step at which the first attempt failed, with `code`. Calls `second_try` only if the code hides the cause.
pub(super) fn failed_step(
    code: Option<Code>,
    descriptor: &Descriptor,
    second_try: impl FnOnce() -> SecondTry,
) -> FailedStep {
    let verdict = code.map_or(TlsVerdict::Unknown, Code::tls_verdict);
    if verdict != TlsVerdict::Unknown {
        return step_of(code, verdict);
    }
    let no_tls = || {
        FailedStep::Tls(format!(
            "{}: the address takes connections, but nothing there answers TLS. Check the port in --oracle-connect (1521 \
             for TLS, 1522 with a wallet), then firewalls and proxies in between.",
            Code::Ora(12170)
        ))
    };
    if code.is_some_and(Code::is_timeout) && !answers_tls(descriptor) {
        return no_tls();
    }
    match second_try() {
        SecondTry::Failed(found) => step_of(Some(found), found.tls_verdict()),
        SecondTry::NotRun => step_of(code, verdict),
        SecondTry::LoggedIn => {
            let code = code.map_or_else(|| explain(None), |code| code.to_string());
            let remedy = if descriptor.addresses().len() > 1 {
                // Measured with 19.3: under a time limit it does not go on to the next address.
                "Oracle's client tries the first of several addresses with TLS only, if it has a time limit: keep the one \
                 that answers in --oracle-connect."
            } else {
                "The database or the network is slow at times: run passmint check again."
            };
            FailedStep::LogIn(format!(
                "{code}: the first attempt failed; a second one, without Passmint's time limit, succeeded. {remedy}"
            ))
        }
        SecondTry::Silent if answers_tls(descriptor) => FailedStep::LogIn(explain(Some(Code::Ora(12170)))),
        SecondTry::Silent => no_tls(),
    }
}

fn step_of(code: Option<Code>, verdict: TlsVerdict) -> FailedStep {
    match (verdict, code) {
        (TlsVerdict::Unknown, Some(code @ Code::Ora(12561))) => FailedStep::Tls(format!(
            "{code}: TLS failed, and the client hides the cause. If the sqlnet.ora of --oracle-config has a line \
             SQLNET.OUTBOUND_CONNECT_TIMEOUT, remove it and run passmint check again."
        )),
        (TlsVerdict::Failed, _) | (TlsVerdict::Unknown, Some(Code::Ora(12150..=12699))) => {
            FailedStep::Tls(explain(code))
        }
        (TlsVerdict::Agreed, _) => FailedStep::LogIn(explain(code)),
        (TlsVerdict::Unknown, _) => FailedStep::Unknown(explain(code)),
    }
}

/// True if the first address that takes a connection answers the first message of TLS with TLS.
fn answers_tls(descriptor: &Descriptor) -> bool {
    let first_byte = || -> Option<u8> {
        let addresses = descriptor.addresses();
        let mut found = addresses.iter().filter_map(|host| host.to_socket_addrs().ok()).flatten();
        let mut stream = found.find_map(|address| TcpStream::connect_timeout(&address, TCP_TIME).ok())?;
        stream.set_read_timeout(Some(TCP_TIME)).ok()?;
        stream.write_all(&client_hello()?).ok()?;
        let mut first = [0];
        stream.read_exact(&mut first).ok()?;
        Some(first[0])
    };
    // An alert or a message of the handshake (RFC 8446, 5.1).
    matches!(first_byte(), Some(21 | 22))
}

/// The first message of TLS, of a client that speaks 1.2 and 1.3.
fn client_hello() -> Option<Vec<u8>> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        // No certificate is checked: the handshake ends with the first byte of the answer.
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").ok()?;
    let mut hello = Vec::new();
    ClientConnection::new(Arc::new(config), name).ok()?.write_tls(&mut hello).ok()?;
    Some(hello)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn code(number: i32) -> Option<Code> {
        Some(Code::Ora(number))
    }

    fn no_second_try() -> SecondTry {
        panic!("there is no need of a second try")
    }

    /// A connect string to a server that reads the first message and sends `answer`.
    fn server(answer: &'static [u8]) -> Descriptor {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for mut stream in listener.incoming().map(Result::unwrap) {
                let mut first = [0; 5];
                stream.read_exact(&mut first).unwrap();
                assert_eq!(first[0], 22, "a handshake begins");
                stream.write_all(answer).unwrap();
            }
        });
        Descriptor::read(&format!("tcps://127.0.0.1:{port}/x"), None).unwrap()
    }

    #[test]
    fn code_that_names_the_cause_needs_no_second_try() {
        let descriptor = server(b"");
        for number in [29024, 28759, 29003] {
            let step = failed_step(code(number), &descriptor, no_second_try);
            assert_eq!(step, FailedStep::Tls(explain(code(number))));
        }
        for number in [1017, 28000, 12514] {
            let step = failed_step(code(number), &descriptor, no_second_try);
            assert_eq!(step, FailedStep::LogIn(explain(code(number))));
        }
    }

    #[test]
    fn second_try_replaces_a_code_that_hides_the_cause() {
        let descriptor = server(b"");
        for hidden in [code(12561), code(12547), code(12537), code(600), None] {
            let step = |found| failed_step(hidden, &descriptor, || SecondTry::Failed(Code::Ora(found)));
            assert_eq!(step(28860), FailedStep::Tls(explain(code(28860))), "{hidden:?}");
            assert_eq!(step(1017), FailedStep::LogIn(explain(code(1017))), "{hidden:?}");
            assert_eq!(step(12537), FailedStep::Tls(explain(code(12537))), "{hidden:?}");
            assert_eq!(step(43070), FailedStep::Unknown(explain(code(43070))), "{hidden:?}");
            let FailedStep::LogIn(text) = failed_step(hidden, &descriptor, || SecondTry::LoggedIn) else {
                panic!("{hidden:?}")
            };
            assert!(text.contains("without Passmint's time limit, succeeded"), "{text}");
        }
    }

    #[test]
    fn second_try_that_succeeds_tells_slowness_from_several_addresses() {
        let one = "(address=(protocol=tcps)(host=localhost)(port=1))";
        for (addresses, said) in [(one.to_owned(), "is slow"), (format!("{one}{one}"), "keep the one that answers")] {
            let text = format!("(description={addresses}(connect_data=(service_name=x)))");
            let descriptor = Descriptor::read(&text, None).unwrap();
            let text = failed_step(code(12561), &descriptor, || SecondTry::LoggedIn).into_text();
            assert!(text.contains(said), "{text}");
        }
    }

    #[test]
    fn cause_that_stays_hidden_is_reported_without_advice_to_run_the_check() {
        let descriptor = server(b"");
        for second in [SecondTry::Failed(Code::Ora(12561)), SecondTry::NotRun] {
            let FailedStep::Tls(text) = failed_step(code(12561), &descriptor, || second) else { panic!("{second:?}") };
            assert!(text.starts_with("ORA-12561: ") && text.contains("OUTBOUND_CONNECT_TIMEOUT"), "{text}");
        }
        let step = failed_step(code(600), &descriptor, || SecondTry::NotRun);
        assert_eq!(step, FailedStep::Unknown(explain(code(600))));
    }

    #[test]
    fn silence_is_a_fault_of_tls_if_nothing_answers_tls() {
        // Closes, a web server, a server of TLS (an alert), another one (a handshake).
        for (answer, is_tls) in [("", false), ("HTTP/1.1 400", false), ("\u{15}\u{3}", true), ("\u{16}\u{3}", true)] {
            let descriptor = server(answer.as_bytes());
            assert_eq!(answers_tls(&descriptor), is_tls, "{answer:?}");
            for hidden in [12170, 12561] {
                match failed_step(code(hidden), &descriptor, || SecondTry::Silent) {
                    FailedStep::LogIn(text) => assert!(is_tls && text == explain(code(12170)), "{text}"),
                    FailedStep::Tls(text) => assert!(!is_tls && text.contains("nothing there answers TLS"), "{text}"),
                    step @ FailedStep::Unknown(_) => panic!("{step:?}"),
                }
            }
        }
    }
}
