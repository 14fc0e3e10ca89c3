//! DPI-1047 with Oracle's library and the system's loader: each cause has a sentence of its own, with the next command.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use oracle_wire::Stand;

/// Links to the files of Oracle's library, in a new folder of the stand.
fn copy(stand: &Stand, name: &str) -> PathBuf {
    let folder = stand.folder().join(name);
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(stand.client()).unwrap().map(Result::unwrap) {
        symlink(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    folder
}

/// Runs `passmint check`, which must fail at its first step. Returns the sentence of that step.
fn failure(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{:?}: {text}", output.status);
    let (_, sentence) = text.trim_end().split_once(" ms  ").expect(&text);
    assert!(text.starts_with("✗ client library") && !sentence.contains('\n'), "{text}");
    for raw in ["cannot open", "shared object", "ELF", "Cannot locate"] {
        assert!(!sentence.contains(raw), "the loader's own words: {sentence}");
    }
    sentence.to_owned()
}

fn failure_in(stand: &Stand, folder: &Path) -> String {
    failure(stand.command(&["check"]).env("PASSMINT_ORACLE_CLIENT", folder).env("LD_LIBRARY_PATH", folder))
}

#[test]
fn missing_libaio_is_named_with_a_command() {
    let stand = Stand::start();
    let sentence = failure(&mut stand.command_without("libaio.so.1", &["check"]));
    assert!(sentence.starts_with("DPI-1047: Oracle Instant Client needs libaio.so.1, which this system lacks."));
    assert!(sentence.contains("nstall") && !sentence.contains("libnnz"), "{sentence}");
    // The same, if the system finds the library by itself.
    assert_eq!(
        failure(stand.command_without("libaio.so.1", &["check"]).env_remove("PASSMINT_ORACLE_CLIENT")),
        sentence
    );
    let sentence = failure(&mut stand.command_without("libnsl.so.1", &["check"]));
    assert!(sentence.contains("needs libnsl.so.1, which this system lacks."), "{sentence}");
}

#[test]
fn libraries_out_of_the_search_path_are_answered_with_the_line_for_ldconfig() {
    let stand = Stand::start();
    let client = stand.client();
    let sentence = failure(stand.command(&["check"]).env_remove("LD_LIBRARY_PATH"));
    let command =
        format!("echo {} | sudo tee /etc/ld.so.conf.d/oracle-instantclient.conf && sudo ldconfig", client.display());
    assert!(sentence.contains("other libraries, such as libnnz19.so.") && sentence.ends_with(&command), "{sentence}");
    let incomplete = stand.folder().join("incomplete");
    fs::create_dir(&incomplete).unwrap();
    symlink(client.join("libclntsh.so.19.1"), incomplete.join("libclntsh.so")).unwrap();
    let sentence = failure_in(&stand, &incomplete);
    assert!(sentence.contains("/incomplete lacks libnnz19.so, "), "{sentence}");
    let without_data = copy(&stand, "without_data");
    fs::remove_file(without_data.join("libociei.so")).unwrap();
    let sentence = failure_in(&stand, &without_data);
    assert!(sentence.starts_with("ORA-01804: Oracle Instant Client cannot read its own data"), "{sentence}");
}

#[test]
fn wrong_folder_or_file_is_named() {
    let stand = Stand::start();
    let fault = |name: &str, make: &dyn Fn(&Path)| {
        let folder = stand.folder().join(name);
        fs::create_dir(&folder).unwrap();
        make(&folder);
        let sentence = failure_in(&stand, &folder);
        assert!(sentence.starts_with("DPI-1047: ") && sentence.contains(&format!("/{name}")), "{sentence}");
        sentence
    };
    let write = |folder: &Path, content: &[u8]| {
        File::create(folder.join("libclntsh.so")).unwrap().write_all(content).unwrap();
    };
    // The header of Oracle's library with one number changed, and its length without its content.
    let library = fs::canonicalize(stand.client().join("libclntsh.so")).unwrap();
    let mut header = vec![0; 4096];
    File::open(&library).unwrap().read_exact_at(&mut header, 0).unwrap();
    let length = library.metadata().unwrap().len();
    let with_header = |folder: &Path, at: usize, value: u8| {
        let mut header = header.clone();
        header[at] = value;
        write(folder, &header);
        File::options().write(true).open(folder.join("libclntsh.so")).unwrap().set_len(length).unwrap();
    };
    for (sentence, expected) in [
        (
            fault("empty", &|_| ()),
            "which is empty: libclntsh.so is not there. Install instantclient-basiclite-linuxx64.zip",
        ),
        (fault("text", &|folder| write(folder, &[b'x'; 200])), "libclntsh.so is not a library."),
        (
            fault("link", &|folder| write(folder, b"libclntsh.so.23.1")),
            "a text that names libclntsh.so.23.1, where a link",
        ),
        (
            fault("arm", &|folder| with_header(folder, 18, 183)),
            "is made for Linux on 64-bit Arm, not for Linux on x86-64.",
        ),
        (fault("bits", &|folder| with_header(folder, 4, 1)), "is made for 32-bit programs, not for Linux on x86-64."),
        (
            fault("high", &|folder| drop(symlink(stand.client(), folder.join("instantclient_19_3")))),
            "one folder too high.",
        ),
    ] {
        assert!(sentence.contains(expected), "{expected}: {sentence}");
    }
    let sentence = failure_in(&stand, &stand.folder().join("nowhere"));
    assert!(sentence.contains("/nowhere, which does not exist"), "{sentence}");
}

/// The loader itself would end the process with SIGBUS.
#[test]
fn library_cut_short_is_named_and_not_loaded() {
    let stand = Stand::start();
    for (name, file) in [("cut", "libnnz19.so"), ("cut_large", "libociei.so")] {
        let folder = copy(&stand, name);
        let mut start = vec![0; 1 << 20];
        File::open(folder.join(file)).unwrap().read_exact_at(&mut start, 0).unwrap();
        fs::remove_file(folder.join(file)).unwrap();
        fs::write(folder.join(file), start).unwrap();
        let sentence = failure_in(&stand, &folder);
        assert!(sentence.contains(&format!("/{name}/{file} is cut short, and was not loaded.")), "{sentence}");
    }
    let output = stand.check(&["--oracle-client", copy(&stand, "whole").to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{}", output.text());
}

#[test]
fn server_refuses_to_start_with_the_sentence_of_check() {
    let stand = Stand::start();
    let sentence = failure(stand.command(&["check"]).env_remove("LD_LIBRARY_PATH"));
    let output = stand.command(&["serve", "--listen", "127.0.0.1:0"]).env_remove("LD_LIBRARY_PATH").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains(&sentence), "{sentence}\n{said}");
}
