//! Archives of an attacker: the program ends with one sentence, never by a signal, and stays within a memory limit.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Limit of the program's address space, in KiB. It can verify a small archive within it, but not allocate 1 GiB.
const LIMIT_KIB: u32 = 700_000;

/// Runs `passmint verify` and `passmint restore` on a file with these bytes, under the limit. Returns the sentence that
/// both end with.
fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let [archive, passphrase, data] = ["archive", "passphrase", "data"].map(|name| folder.path().join(name));
    fs::write(&archive, bytes).unwrap();
    fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    let run = |arguments: &[&str]| {
        let Output { status, stdout, stderr } = Command::new("sh")
            .args(["-c", &format!("ulimit -v {LIMIT_KIB} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_passmint")])
            .args(arguments)
            .args([Path::new("--passphrase-file"), &passphrase, &archive])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}: {status}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        said.trim_end().rsplit_once("archive: ").unwrap_or_else(|| panic!("{said}")).1.to_owned()
    };
    let verified = run(&["verify"]);
    assert_eq!(run(&["restore", "--data", data.to_str().unwrap()]), verified);
    assert!(!data.exists() || fs::read_dir(&data).unwrap().next().is_none(), "nothing is restored");
    verified
}

/// A sealed archive with these Argon2id costs in its header, and with content that does not open.
fn sealed(memory_kib: u32, passes: u32, lanes: u32) -> Vec<u8> {
    let costs = [memory_kib, passes, lanes].map(u32::to_be_bytes);
    [b"passmint-archive\x01".as_slice(), costs.as_flattened(), &[0; 16], &[b'x'; 100]].concat()
}

#[test]
fn sealed_archive_within_the_limit_is_read_and_does_not_open() {
    let told = refused(&sealed(64 * 1024, 1, 1));
    assert!(told.ends_with("the passphrase is wrong, or the archive was changed"), "{told}");
}

#[test]
fn sealed_archive_that_asks_for_memory_that_is_not_there_is_refused() {
    let told = refused(&sealed(1024 * 1024, 1, 1));
    assert!(told.contains("takes 1024 MiB of memory, and less is free"), "{told}");
}

#[test]
fn sealed_archive_that_asks_for_more_than_the_bounds_is_refused() {
    for (memory_kib, passes, lanes) in
        [(1024 * 1024 + 1, 1, 1), (64, 11, 1), (1024, 1, 17), (u32::MAX, u32::MAX, u32::MAX)]
    {
        let told = refused(&sealed(memory_kib, passes, lanes));
        assert!(told.contains("at most 1 GiB, 10 passes and 16 lanes"), "{told}");
    }
}

#[test]
fn sealed_archive_with_costs_that_argon2_does_not_know_is_refused() {
    for (memory_kib, passes, lanes) in [(0, 0, 0), (7, 1, 1), (64, 0, 1), (64, 1, 0)] {
        let told = refused(&sealed(memory_kib, passes, lanes));
        assert!(told.contains("key derivation are not valid"), "{told}");
    }
}

#[test]
fn sealed_archive_that_ends_in_its_header_is_refused() {
    let whole = sealed(64, 1, 1);
    for length in [17, 20, 29, 44] {
        let told = refused(&whole[..length]);
        assert!(told.contains("cut off"), "{length} bytes: {told}");
    }
}

/// A tar header and its content.
fn tar(kind: u8, name: &str, size: &[u8; 12], body: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000600\0");
    header[124..136].copy_from_slice(size);
    header[136..148].copy_from_slice(b"00000000000\0");
    header[148..156].copy_from_slice(b"        ");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [&header, body].concat()
}

#[test]
fn tar_with_wrong_sizes_is_refused() {
    let mut largest = [0xff; 12];
    largest[0] = 0x80;
    for size in [b"77777777777\0", &largest] {
        for name in ["manifest.json", "server-key", "passmint.db"] {
            let told = refused(&tar(b'0', name, size, &[b'x'; 100_000]));
            assert!(!told.is_empty(), "{name}");
        }
    }
}

/// The tar crate would read their bodies into memory, however long they are. Archives of Passmint have none.
#[test]
fn tar_with_extended_headers_is_refused_before_they_are_read() {
    for kind in *b"LKxg" {
        let told = refused(&tar(kind, "passmint.db", b"77777777777\0", &[b'x'; 100_000]));
        assert!(told.contains("is not a regular file"), "{}: {told}", char::from(kind));
    }
}
