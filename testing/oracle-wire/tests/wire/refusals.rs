//! A listener that refuses every connection with one code: the code that Oracle's client makes of it, and its row in the
//! table.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use oracle_wire::{ALIAS, Stand};

/// The first bytes of a packet of TNS: its length, a checksum, its type, flags, a checksum of these.
const HEAD: usize = 8;
const REFUSE: u8 = 4;

/// The packet with which a listener refuses, as a database of 19c sends it.
fn refusal(code: u32) -> Vec<u8> {
    let text = format!("(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))");
    let length = u16::try_from(text.len()).unwrap();
    let total = length + u16::try_from(HEAD).unwrap() + 4;
    // Reasons of user and system, then the length of the text.
    let [high, low] = total.to_be_bytes();
    let mut packet = vec![high, low, 0, 0, REFUSE, 0, 0, 0, 0x22, 0];
    packet.extend(length.to_be_bytes());
    packet.extend(text.into_bytes());
    packet
}

/// A listener on loopback that refuses with a code, until the test ends. Returns its port.
fn refusing(code: u32) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut request = [0; 4096];
            // `passmint check` also looks whether the port is open, and says nothing.
            if stream.read(&mut request).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(&refusal(code));
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.read(&mut request);
            }
        }
    });
    port
}

#[test]
fn each_refusal_of_a_listener_is_in_the_table() {
    let stand = Stand::start();
    // The client passes these on, and makes 12564 of every other: of one of the network, a wrong password, a closed
    // database, and one that does not exist.
    let passed_on = (12500..=12530).map(|code| (code, code));
    let others = [12535, 12547, 1017, 1033, 28000, 99999].map(|code| (code, 12564));
    let next = std::sync::Mutex::new(passed_on.chain(others));
    std::thread::scope(|scope| {
        let work = || {
            loop {
                let Some((sent, expected)) = next.lock().unwrap().next() else { break };
                let output = stand.check(&["--oracle-connect", &format!("127.0.0.1:{}/{ALIAS}", refusing(sent))]);
                let (last, text) = (output.stdout.lines().last().unwrap_or_default(), output.text());
                assert_eq!(output.code, Some(1), "{sent}: {text}");
                assert!(last.starts_with("✗ log-in") && last.contains(&format!("ORA-{expected}: ")), "{sent}: {text}");
                assert!(!text.contains("not in Passmint's table"), "{sent}: {text}");
            }
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// A sqlnet.ora that asks for Oracle's own encryption: of a server without it, and beside TLS.
#[test]
fn encryption_that_the_server_lacks_is_in_the_table() {
    let stand = Stand::start();
    for (tls, line, code) in [
        (false, "SQLNET.ENCRYPTION_CLIENT=required\n", "ORA-12651"),
        (true, "SQLNET.CRYPTO_CHECKSUM_CLIENT=required\n", "ORA-12651"),
        (true, "SQLNET.ENCRYPTION_CLIENT=required\n", "ORA-12696"),
    ] {
        let config = stand.wallet(oracle_wire::Wallet::Mtls);
        std::fs::write(config.join("sqlnet.ora"), line).unwrap();
        let connect = if tls { ALIAS.to_owned() } else { stand.connect() };
        let output = stand.check(&["--oracle-connect", &connect, "--oracle-config", config.to_str().unwrap()]);
        let last = output.stdout.lines().last().unwrap_or_default();
        assert!(last.starts_with("✗ log-in") && last.contains(code), "{}", output.text());
        assert!(!last.contains("not in Passmint's table") && last.contains("sqlnet.ora"), "{last}");
    }
}
