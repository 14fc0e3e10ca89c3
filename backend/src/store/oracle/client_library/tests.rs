use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::file::Machine;
use super::*;

/// Debian 12 on x86-64, without any client.
fn debian() -> System {
    System {
        machine: Machine::LINUX_X86_64,
        arch: "x86_64",
        packages: Packages::Apt,
        is_macos: false,
        is_musl: false,
        searched: Vec::new(),
        usual: Vec::new(),
    }
}

fn mac() -> System {
    System { machine: Machine::MAC_ARM_64, arch: "aarch64", packages: Packages::Macos, is_macos: true, ..debian() }
}

/// The driver's text around a loader's message (ODPI-C 5.4.1).
fn text(message: &str) -> String {
    format!(
        "DPI-1047: Cannot locate a 64-bit Oracle Client library: \"{message}\". See \
         https://oracle.github.io/odpi/doc/installation.html#linux for help"
    )
}

fn reason(system: System, folder: Option<&Path>, message: &str) -> String {
    let reason = Search { folder, system }.reason(&text(message)).expect(message);
    assert!(!reason.contains("cannot open shared object file"), "the loader's own words: {reason}");
    reason
}

/// The first 64 bytes of an ELF file, with one program header that loads `loaded` bytes.
fn elf(class: u8, machine: u16, loaded: u64) -> Vec<u8> {
    let mut elf = vec![0; 64 + 56];
    elf[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, 1, 1]);
    elf[18..20].copy_from_slice(&machine.to_le_bytes());
    elf[32..40].copy_from_slice(&64_u64.to_le_bytes());
    elf[54..56].copy_from_slice(&56_u16.to_le_bytes());
    elf[56..58].copy_from_slice(&1_u16.to_le_bytes());
    elf[64] = 1;
    elf[64 + 32..64 + 40].copy_from_slice(&loaded.to_le_bytes());
    elf
}

const X86_64: u16 = 62;
const ARM_64: u16 = 183;

/// A folder that holds these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::File::create(folder.path().join(name)).unwrap().write_all(content).unwrap();
    }
    folder
}

fn contains_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

// The messages of glibc 2.36 and musl 1.2.3 in these tests were given by the real loaders for the real library 19.3.

#[test]
fn missing_libaio_is_answered_with_the_command_of_the_distribution() {
    let message = "libaio.so.1: cannot open shared object file: No such file or directory";
    for (release, command) in [
        ("ID=debian\nVERSION_ID=\"12\"\n", "sudo apt-get install libaio1"),
        (
            "ID=debian\nVERSION_ID=\"13\"\n",
            "sudo apt-get install libaio1t64 && sudo ln -sf libaio.so.1t64 /usr/lib/x86_64-linux-gnu/libaio.so.1",
        ),
        ("PRETTY_NAME=\"Debian GNU/Linux forky/sid\"\nID=debian\n", "sudo ln -sf libaio.so.1t64 "),
        ("NAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nID=ubuntu\nID_LIKE=debian\n", "sudo apt-get install libaio1"),
        ("VERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n", "sudo ln -sf libaio.so.1t64 "),
        ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"\n", "If there is no such package, run this"),
        ("ID=\"ol\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"9.4\"\n", "sudo dnf install libaio"),
        ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "sudo dnf install libaio"),
        ("ID=fedora\nVERSION_ID=43\n", "sudo dnf install libaio"),
        ("ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", "sudo zypper install libaio1"),
        ("ID=arch\n", "sudo pacman -S libaio"),
        ("", "it is called libaio or libaio1."),
    ] {
        let system = System { packages: Packages::of(release), ..debian() };
        let reason = reason(system, None, message);
        assert!(reason.starts_with("Oracle Instant Client needs libaio.so.1, which this system lacks."), "{reason}");
        assert!(reason.ends_with(command) || reason.contains(command), "{release}: {reason}");
        assert_eq!(reason.contains("t64"), command.contains("t64") || release.contains("mint"), "{release}: {reason}");
    }
}

#[test]
fn other_missing_library_of_the_system_is_named() {
    let message = "libnsl.so.1: cannot open shared object file: No such file or directory";
    contains_all(&reason(debian(), None, message), &["needs libnsl.so.1,", "apt-file search libnsl.so.1"]);
    let oracle_linux = System { packages: Packages::Dnf, ..debian() };
    contains_all(&reason(oracle_linux, None, message), &["sudo dnf install libnsl"]);
}

#[test]
fn libraries_beside_the_named_one_are_made_known_by_ldconfig() {
    let library = elf(2, X86_64, 120);
    let client = folder(&[("libclntsh.so", &library), ("libnnz19.so", &library)]);
    let path = client.path();
    let message = "libnnz19.so: cannot open shared object file: No such file or directory";
    let command =
        format!("echo {} | sudo tee /etc/ld.so.conf.d/oracle-instantclient.conf && sudo ldconfig", path.display());
    let reason_of = |system, folder| reason(system, folder, message);
    let said = reason_of(debian(), Some(path));
    contains_all(&said, &["such as libnnz19.so. Run this"]);
    assert!(said.ends_with(&command), "{said}");
    // The folder comes from the environment, or is a usual one.
    assert!(reason_of(System { usual: vec![path.into()], ..debian() }, None).ends_with(&command));
    contains_all(&reason_of(debian(), None), &["but not its libnnz19.so. Put the folder"]);
    // It is not even there.
    fs::remove_file(path.join("libnnz19.so")).unwrap();
    contains_all(&reason_of(debian(), Some(path)), &[" lacks libnnz19.so, ", "unpack it whole."]);
}

/// glibc says of such a library that it does not exist.
#[test]
fn library_beside_the_named_one_that_cannot_be_loaded_is_named() {
    let library = elf(2, X86_64, 120);
    let client = folder(&[("libclntsh.so", &library), ("libnnz19.so", &elf(2, ARM_64, 120))]);
    let message = "libnnz19.so: cannot open shared object file: No such file or directory";
    let said = reason(debian(), Some(client.path()), message);
    contains_all(&said, &["libnnz19.so is made for Linux on 64-bit Arm, not for"]);
    // The administrator may read every file.
    let path = client.path().join("libnnz19.so");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_err() {
        let said = reason(debian(), Some(client.path()), message);
        contains_all(&said, &["libnnz19.so cannot be read by the user that runs Passmint", "sudo chmod -R a+rX "]);
        let search = Search { folder: Some(client.path()), system: debian() };
        assert_eq!(search.denied(), Some(said));
    }
}

#[test]
fn nothing_installed_is_said_with_the_zip_of_this_machine() {
    let message = "libclntsh.so: cannot open shared object file: No such file or directory";
    let said = reason(debian(), None, message);
    contains_all(
        &said,
        &["is not installed. Install instantclient-basiclite-linuxx64.zip and libaio", "docs/ORACLE.md"],
    );
    let arm = System { machine: Machine::LINUX_ARM_64, ..debian() };
    contains_all(&reason(arm, None, message), &["Install instantclient-basiclite-linux-arm64.zip"]);
}

#[test]
fn client_in_a_usual_folder_that_is_not_searched_is_found() {
    let message = "libclntsh.so: cannot open shared object file: No such file or directory";
    let client = folder(&[("libclntsh.so", &elf(2, X86_64, 120))]);
    let system = || System { usual: vec![client.path().into()], ..debian() };
    contains_all(
        &reason(system(), None, message),
        &["but the system does not search there. Run this", "&& sudo ldconfig", &client.path().display().to_string()],
    );
    fs::rename(client.path().join("libclntsh.so"), client.path().join("libclntsh.so.23.1")).unwrap();
    contains_all(&reason(system(), None, message), &["the link libclntsh.so is missing", "&& sudo ldconfig"]);
}

#[test]
fn wrong_folder_is_named_with_its_fault() {
    let system = || System { searched: Vec::new(), ..debian() };
    let said = |path: &Path| {
        let message =
            format!("{}/libclntsh.so: cannot open shared object file: No such file or directory", path.display());
        reason(system(), Some(path), &message)
    };
    let empty = folder(&[]);
    contains_all(&said(empty.path()), &["--oracle-client names", "which is empty: libclntsh.so is not there."]);
    let other = folder(&[("readme", b"x")]);
    contains_all(&said(other.path()), &["is not a folder of Oracle Instant Client"]);
    contains_all(&said(&other.path().join("readme")), &["which is a file. Name the folder that holds it."]);
    contains_all(&said(Path::new("/opt/none")), &["/opt/none, which does not exist. Install"]);
    contains_all(&said(Path::new("/home/none")), &["or which a service cannot see", "/opt/oracle"]);
    let unlinked = folder(&[("libclntsh.so.18.1", b"x"), ("libclntsh.so.23.1", b"x"), ("libclntshcore.so.23.1", b"x")]);
    contains_all(&said(unlinked.path()), &["holds libclntsh.so.23.1,", "sudo ln -s libclntsh.so.23.1 "]);
    let packed = folder(&[("instantclient-basiclite-linuxx64.zip", b"PK")]);
    contains_all(&said(packed.path()), &["which is not unpacked.", "sudo unzip "]);
    let parent = folder(&[]);
    fs::create_dir(parent.path().join("instantclient_23_26")).unwrap();
    fs::write(parent.path().join("instantclient_23_26/libclntsh.so"), "x").unwrap();
    let said_of_parent = said(parent.path());
    assert!(said_of_parent.ends_with("/instantclient_23_26"), "{said_of_parent}");
    contains_all(&said_of_parent, &["one folder too high"]);
    for foreign in ["libclntsh.dylib", "oci.dll"] {
        let foreign = folder(&[(foreign, b"x")]);
        contains_all(&said(foreign.path()), &["of another system. Install instantclient-basiclite-linuxx64.zip"]);
    }
}

/// glibc says of the library of another processor that it does not exist.
#[test]
fn library_of_another_machine_is_told_by_its_header() {
    let absent = "libclntsh.so: cannot open shared object file: No such file or directory";
    for (content, message, what) in [
        (elf(2, ARM_64, 120), absent, "is made for Linux on 64-bit Arm, not for Linux on x86-64."),
        (elf(1, 3, 0), "libclntsh.so: wrong ELF class: ELFCLASS32", "is made for 32-bit programs"),
        (elf(2, 22, 0), absent, "is made for another processor"),
        (
            vec![0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1],
            "libclntsh.so: file too short",
            "is made for Macs with Intel processors",
        ),
        (
            b"MZ\x90\0 a long file for the loader to refuse".to_vec(),
            "libclntsh.so: file too short",
            "is made for Windows",
        ),
    ] {
        let client = folder(&[("libclntsh.so", &content)]);
        let wanted = ["libclntsh.so ", what, "Install instantclient-basiclite-linuxx64.zip"];
        contains_all(&reason(debian(), Some(client.path()), message), &wanted);
        // The same, if the loader found it.
        let system = System { searched: vec![client.path().into()], ..debian() };
        contains_all(&reason(system, None, message), &wanted);
    }
    let client = folder(&[("libclntsh.so", &elf(2, X86_64, 120))]);
    let arm = System { machine: Machine::LINUX_ARM_64, ..debian() };
    let said = reason(arm, Some(client.path()), absent);
    contains_all(
        &said,
        &["is made for Linux on x86-64, not for Linux on 64-bit Arm.", "instantclient-basiclite-linux-arm64.zip"],
    );
    let said = reason(debian(), None, "libclntsh.so: wrong ELF class: ELFCLASS32");
    contains_all(&said, &["is of another machine. Install instantclient-basiclite-linuxx64.zip"]);
}

#[test]
fn file_that_is_no_library_is_named() {
    for (content, message, what) in [
        (
            &b"this is no library, but it is long enough to hold an ELF header, is it not?"[..],
            "invalid ELF header",
            "is not a library.",
        ),
        (b"libclntsh.so.23.1", "file too short", "is a text that names libclntsh.so.23.1, where a link should be"),
    ] {
        let client = folder(&[("libclntsh.so", content)]);
        let message = format!("{}/libclntsh.so: {message}", client.path().display());
        contains_all(&reason(debian(), Some(client.path()), &message), &[what]);
        // The loader's message names the folder.
        contains_all(&reason(debian(), None, &message), &[what]);
    }
}

#[test]
fn library_cut_short_is_not_loaded() {
    let whole = elf(2, X86_64, 120);
    let cut = elf(2, X86_64, 121);
    fn search(folder: Option<&Path>, searched: Vec<PathBuf>) -> Search<'_> {
        Search { folder, system: System { searched, ..debian() } }
    }
    for (name, content) in [
        ("libclntsh.so", &cut[..]),
        ("libclntsh.so", &whole[..100]),
        ("libclntsh.so", &whole[..40]),
        ("libclntsh.so", &whole[..5]),
        ("libociei.so", &cut[..]),
    ] {
        let client = folder(&[("libclntsh.so", &whole[..]), (name, content)]);
        let said = search(Some(client.path()), Vec::new()).cut_short().unwrap();
        contains_all(&said, &[name, "is cut short, and was not loaded."]);
        assert_eq!(search(None, vec![client.path().into()]).cut_short().as_ref(), Some(&said));
        // A library that is found nowhere, or only where nothing is loaded from.
        assert_eq!(search(None, Vec::new()).cut_short(), None);
        let system = System { usual: vec![client.path().into()], ..debian() };
        assert_eq!(Search { folder: None, system }.cut_short(), None);
    }
    let client = folder(&[("libclntsh.so", &whole), ("libnnz19.so", b"no library"), ("libother.so", &cut)]);
    assert_eq!(search(Some(client.path()), Vec::new()).cut_short(), None);
}

#[test]
fn library_cut_at_any_byte_is_no_library_of_this_machine() {
    let client = folder(&[]);
    let path = client.path().join("libclntsh.so");
    let whole = elf(2, X86_64, 120);
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let expected = if length < 4 { LibraryFile::Other } else { LibraryFile::CutShort };
        assert_eq!(file::read(&path), expected, "{length}");
    }
    for at in 0..whole.len() {
        let mut odd = whole.clone();
        odd[at] = 0xff;
        fs::write(&path, &odd).unwrap();
        let found = file::read(&path);
        assert!(!matches!(found, LibraryFile::Absent | LibraryFile::Denied), "{at}: {found:?}");
    }
}

#[test]
fn musl_is_told_by_the_words_of_its_loader() {
    for message in [
        "Error loading shared library libclntsh.so: No such file or directory",
        "Error loading shared library libnnz19.so: No such file or directory (needed by /opt/oracle/instantclient_19_3/libclntsh.so)",
        "Error loading shared library /opt/oracle/instantclient_19_3/libclntsh.so: Exec format error",
        "Dynamic loading not supported",
        // node-oracledb's issue 476.
        "Error relocating /opt/oracle/drivers/instantclient/libclntsh.so.11.1: getcontext: symbol not found",
    ] {
        contains_all(&reason(debian(), None, message), &["musl (Alpine)", "needs glibc"]);
    }
    let musl = System { is_musl: true, ..debian() };
    contains_all(&reason(musl, Some(Path::new("/opt/none")), ""), &["musl (Alpine)"]);
}

/// The second and the third were given by glibc 2.36, for a library that asks for an executable stack under PR_SET_MDWE
/// and for a file system mounted with noexec. The others follow glibc's sources (elf/dl-version.c, elf/dl-lookup.c).
#[test]
fn refusals_of_the_c_library_are_told_apart() {
    let message = "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /opt/c/libclntsh.so)";
    contains_all(&reason(debian(), None, message), &["needs glibc 2.38, and this system's is older."]);
    let message = "/opt/c/libclntsh.so: cannot enable executable stack as shared object requires: Permission denied";
    contains_all(&reason(debian(), None, message), &["executable stack", "Install Instant Client 23."]);
    let message = "/mnt/c/libclntsh.so: failed to map segment from shared object";
    contains_all(&reason(debian(), None, message), &["run code from /mnt/c: ", "noexec"]);
    let message = "/opt/c/libclntsh.so: undefined symbol: nnzfoo, version NNZ";
    contains_all(&reason(debian(), None, message), &["libclntsh.so does not fit", "two versions are mixed"]);
}

/// Messages of dyld as others quoted them: node-oracledb's issues 1165 and 382, cx_Oracle's 56, rust-oracle's 34.
#[test]
fn messages_of_macos_are_told_apart() {
    for message in [
        "dlopen(libclntsh.dylib, 1): image not found",
        "dlopen(libclntsh.dylib, 0x0001): tried: 'libclntsh.dylib' (no such file)",
    ] {
        let said = reason(mac(), None, message);
        contains_all(
            &said,
            &["is not installed. Install Instant Client Basic Light for macOS (ARM64)", "--oracle-client"],
        );
    }
    for message in [
        "dlopen(libclntsh.dylib, 0x0001): tried: '/opt/homebrew/libclntsh.dylib' (mach-o file, but is an incompatible \
         architecture (have 'x86_64', need 'arm64'))",
        "dlopen(libclntsh.dylib, 1): no suitable image found.  Did find:\n      \
         ~/Desktop/instantclient_12_2//libclntsh.dylib: mach-o, but wrong architecture",
    ] {
        contains_all(
            &reason(mac(), None, message),
            &["is of another machine. Install Instant Client Basic Light for macOS"],
        );
    }
    let message = "dlopen(libclntsh.dylib, 1): Library not loaded: /ade/dosulliv_ldapmac/oracle/ldap/lib/libnnz11.dylib\n  \
                   Referenced from: /usr/local/lib/libclntsh.dylib\n  Reason: image not found";
    contains_all(&reason(mac(), None, message), &["but not its libnnz11.dylib."]);
    let intel = folder(&[("libclntsh.dylib", &[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1])]);
    contains_all(
        &reason(mac(), Some(intel.path()), ""),
        &["is made for Macs with Intel processors, not for Macs with Apple silicon. Install Instant Client"],
    );
    let message = format!("dlopen({}/libclntsh.dylib, 0x0001): tried: 'x' (mach-o file)", intel.path().display());
    contains_all(&reason(mac(), None, &message), &["is made for Macs with Intel processors"]);
    let universal = folder(&[("libclntsh.dylib", &[0xca, 0xfe, 0xba, 0xbe])]);
    assert_eq!(Search { folder: Some(universal.path()), system: mac() }.reason(""), None);
    let client = folder(&[("libclntsh.dylib", &[0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1])]);
    let message = "dlopen(/x/libclntsh.dylib, 0x0001): Library not loaded: @rpath/libclntshcore.dylib.19.1";
    contains_all(&reason(mac(), Some(client.path()), message), &["lacks libclntshcore.dylib.19.1, "]);
    for why in [
        "code signature in <0> '/x/libclntsh.dylib' not valid for use in process",
        "library load disallowed by system policy",
    ] {
        let message = format!("dlopen(/x/libclntsh.dylib, 0x0001): tried: '/x/libclntsh.dylib' ({why})");
        contains_all(&reason(mac(), Some(client.path()), &message), &["xattr -d -r com.apple.quarantine "]);
    }
}

#[test]
fn loader_message_without_a_known_phrase_is_not_shown() {
    for unknown in
        ["", "no quotes", "\"\"", "\"libclntsh.so: a message of tomorrow: password=secret\"", "\"\u{1b}[2J: x\""]
    {
        assert_eq!(Search { folder: None, system: debian() }.reason(unknown), None, "{unknown}");
    }
    let odd = "lib\u{1b}[2Jevil$(id)aio.so.1: cannot open shared object file: No such file or directory";
    let said = reason(debian(), None, odd);
    assert!(!said.contains("evil") && !said.contains('\u{1b}') && !said.contains("id"), "{said}");
    let long = format!("lib{}.so: cannot open shared object file: No such file or directory", "a".repeat(4000));
    assert!(reason(debian(), None, &long).len() < 200);
}

#[test]
fn odd_paths_are_quoted_for_the_shell() {
    assert_eq!(shell(Path::new("/opt/oracle/instantclient_23_26")), "/opt/oracle/instantclient_23_26");
    assert_eq!(shell(Path::new("/opt/my client")), "'/opt/my client'");
    assert_eq!(shell(Path::new("/opt/it's")), r"'/opt/it'\''s'");
    assert_eq!(shown(Path::new("/opt/\u{1b}[2J")), "/opt/?[2J");
}
