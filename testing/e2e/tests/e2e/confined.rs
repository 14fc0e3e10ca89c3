//! The server under the restrictions of packaging/: an unprivileged user, no capabilities, and only the data folder is
//! writable. Without a browser.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use e2e::http_connection::HttpConnection;
use e2e::server::Server;
use e2e::vault_client::VaultClient;
use e2e::{is_root, path_from_env};

/// The user that the server runs as if the test runs as root: that of the container.
const USER: &str = "10001";

/// Makes the file system read-only except for the folder `$1`, and runs the program `$2` with the arguments after `$3`
/// and the privileges of `$USER_FLAGS`. `$3` is the server's own path, which that user may not reach.
const CONFINE: &str = r#"
data=$1 copy=$2
shift 3
mount --bind "$data" "$data" || exit
while read -r _ _ _ _ place options _; do
    case $place in "$data" | /proc | /proc/*) continue ;; esac
    # With the options that it has: a user namespace lets none of them be taken off.
    mount -o "remount,bind,ro${options#r?}" "$place" || exit
done < /proc/self/mountinfo
exec setpriv $USER_FLAGS --no-new-privs --inh-caps=-all --bounding-set=-all "$copy" "$@"
"#;

/// The mount points that a process may write to, by its own mount table.
fn writable(process: u32) -> Vec<String> {
    let mounts = std::fs::read_to_string(format!("/proc/{process}/mountinfo")).unwrap();
    let words = mounts.lines().map(|mount| mount.split(' ').collect::<Vec<_>>());
    // The later of two mounts on the same path hides the earlier one.
    let places: BTreeMap<String, bool> = words.map(|words| (words[4].to_owned(), words[5].starts_with("rw"))).collect();
    let writable = places.into_iter().filter_map(|(place, writable)| writable.then_some(place));
    writable.filter(|place| place != "/proc" && !place.starts_with("/proc/")).collect()
}

/// A value in `/proc/PID/status`.
fn status(process: u32, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
}

#[test]
fn server_needs_no_privilege_and_writes_to_its_data_folder_only() {
    let is_root = is_root();
    let (data, program) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copy = program.path().join("passmint");
    std::fs::copy(path_from_env("PASSMINT_BIN"), &copy).unwrap();
    std::fs::set_permissions(program.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut launcher = vec!["unshare", "--mount"];
    let mut user = "USER_FLAGS=".to_owned();
    if is_root {
        user += &format!("--reuid={USER} --regid={USER} --clear-groups");
        let owned = Command::new("chown").arg(format!("{USER}:{USER}")).arg(data.path()).status().unwrap();
        assert!(owned.success());
    } else {
        launcher.extend(["--user", "--map-root-user"]);
    }
    // Not the root itself: a user namespace may not change the mounts below it.
    let mut probe = Command::new("unshare");
    let allowed = probe.args(&launcher[1..]).args(["mount", "--bind"]).args([data.path(), data.path()]).output();
    if !allowed.is_ok_and(|done| done.status.success()) {
        return eprintln!("NOT RUN: a read-only system needs unshare(1) and mounts, which this system does not allow");
    }
    let folders = [data.path(), &copy].map(|path: &Path| path.to_str().unwrap().to_owned());
    launcher.extend(["env", &user, "sh", "-c", CONFINE, "sh", &folders[0], &folders[1]]);

    let mut server = Server::start_under(&launcher, data);
    assert_eq!(writable(server.process_id()), [server.data().to_str().unwrap()]);
    assert_eq!(u64::from_str_radix(&status(server.process_id(), "CapEff:"), 16).unwrap(), 0, "it has privileges");
    assert_eq!(status(server.process_id(), "NoNewPrivs:"), "1");
    if is_root {
        assert!(status(server.process_id(), "Uid:").starts_with(USER));
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(VaultClient::create_first_vault(&server, "ada"));
    // The write-ahead log of a killed server is recovered under the same restrictions.
    server.kill();
    server.start_again();
    let mut connection = HttpConnection::connect(server.port);
    let (status, answer) = connection.send("GET", "/readyz", "", "");
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(answer));
    assert_eq!(server.count("SELECT count(*) FROM accounts"), 1);
    server.stop();
}
