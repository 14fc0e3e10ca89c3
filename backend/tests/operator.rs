//! The operator's commands, beside another process that has the database open.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use backend::database::{open_sqlite, sqlite_file};
use backend::now;
use backend::store::{Invite, InviteFault, Lifetime, NewAccount, NewSession, Store, StoreError};
use serde_json::Value;
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::AccountId;
use shared::sessions::{CredentialName, Device};
use tempfile::TempDir;

const HOUR: u64 = 3_600_000;
const LIFETIME: Lifetime = Lifetime { idle: HOUR / 2, max: 12 * HOUR };

/// A data folder with the accounts ada and bob, their invites (tags 1 and 2), an open invite (0x33) and an expired one
/// (0x44), and three sessions: ada's (0x51, 0x52) and bob's (0x61).
struct Operated {
    folder: TempDir,
    store: Arc<dyn Store>,
}

impl Operated {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open_sqlite(&sqlite_file(folder.path())).unwrap();
        for (tag, expires_at) in [(1, now() + HOUR), (2, now() + HOUR), (0x33, now() + HOUR), (0x44, 1)] {
            store.add_invite(&Invite { code_hash: [tag; 32], expires_at, setup: false }).unwrap();
        }
        for (tag, name) in [(1, "ada"), (2, "bob")] {
            let secret =
                NewCredential { suite: 1, record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) };
            let (id, username) = (AccountId::from_random([tag; 16]), Username::new(name).unwrap());
            let account = NewAccount { id, username, passphrase: secret.clone(), recovery: secret, head: None };
            store.create_account(&account, &[tag; 32], now()).unwrap();
        }
        for (tag, account, device) in [(0x51, 1, Some("Firefox on Linux")), (0x52, 1, None), (0x61, 2, None)] {
            let session = NewSession {
                token_hash: [tag; 32],
                account: AccountId::from_random([account; 16]),
                epoch: 0,
                credential: CredentialName::Passphrase,
                device: device.map(|device| Device::new(device).unwrap()),
                passkey_state: None,
            };
            store.open_session(&session, &LIFETIME, now()).unwrap();
        }
        Self { folder, store }
    }

    /// Runs the program. Returns true if it succeeded, and its whole output.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passmint"));
        let command = command.args(arguments).env("PASSMINT_DATA", self.folder.path()).stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().unwrap();
        (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
    }

    /// Runs the program, which must succeed and print a list in JSON.
    fn list(&self, name: &str, arguments: &[&str]) -> Vec<Value> {
        let (ok, said) = self.run(&[&[name, "list", "--json"], arguments].concat());
        assert!(ok, "{said}");
        serde_json::from_str::<Value>(&said).unwrap()[name].as_array().unwrap().clone()
    }

    fn live(&self, tag: u8) -> bool {
        self.store.live_session(&[tag; 32], &LIFETIME, now()).is_ok()
    }

    fn fault(&self, tag: u8) -> Option<InviteFault> {
        match self.store.check_invite(&[tag; 32], now()) {
            Err(StoreError::Invite(fault)) => Some(fault),
            other => other.map(|()| None).unwrap(),
        }
    }
}

#[test]
fn invites_are_listed_and_revoked() {
    let operated = Operated::new();
    let (ok, said) = operated.run(&["invites", "list"]);
    let lines: Vec<_> = said.lines().collect();
    assert!(ok && lines.len() == 2 && lines[1].starts_with("333333333333  one vault  open until 20"), "{said}");
    let states: Vec<_> = operated.list("invites", &["--all"]).iter().map(|invite| invite["state"].clone()).collect();
    assert_eq!(states, ["expired", "used", "used", "open"]);

    // Nothing is revoked if one of the invites is not there, or was used.
    for (invites, refusal) in [
        (["3333", "5555"], "there is no invite 5555"),
        (["3333", "0101"], "the invite 010101010101 was used"),
        (["3333", "x"], "is not an id"),
    ] {
        let (ok, said) = operated.run(&[&["invites", "revoke"], &invites[..]].concat());
        assert!(!ok && said.contains(refusal), "{said}");
        assert_eq!(operated.fault(0x33), None);
    }
    assert!(!operated.run(&["invites", "revoke"]).0, "neither an invite nor --all");
    let revoked = |number| (true, format!("{number}\n"));
    assert_eq!(operated.run(&["invites", "revoke", "3333"]), revoked("1 invite is revoked"));
    assert_eq!(operated.fault(0x33), Some(InviteFault::Unknown));

    // The link of a new invite, or the id that `invite` says.
    let (_, said) = operated.run(&["invite"]);
    let link = said.split_whitespace().find(|word| word.contains("#invite=")).unwrap();
    let id = said.split_whitespace().last().unwrap();
    assert_eq!(operated.list("invites", &[])[0]["id"].as_str().unwrap()[..12], *id);
    assert_eq!(operated.run(&["invites", "revoke", link]), revoked("1 invite is revoked"));
    assert!(operated.list("invites", &[]).is_empty());
    assert!(operated.run(&["invites", "revoke", link]).1.contains("there is no invite of this link"));
    operated.run(&["invite"]);
    assert_eq!(operated.run(&["invites", "revoke", "--all"]), revoked("2 invites are revoked"), "the expired one too");
    assert_eq!(operated.list("invites", &["--all"]).len(), 2, "the used ones stay");
}

#[test]
fn account_is_deleted_only_with_a_confirmation() {
    let operated = Operated::new();
    let (ok, said) = operated.run(&["accounts", "list"]);
    assert!(ok && said.starts_with("USERNAME  ENTRIES  PASSKEYS  CREATED") && said.lines().count() == 3, "{said}");
    let (ok, said) = operated.run(&["accounts", "delete", "ada"]);
    assert!(!ok && said.contains("--yes confirms it"), "{said}");
    assert!(!operated.run(&["accounts", "delete", "eve", "--yes"]).0);
    assert_eq!(operated.list("accounts", &[]).len(), 2);

    let (ok, said) = operated.run(&["accounts", "delete", "Ada", "--yes"]);
    assert!(ok && said.contains("The account \"ada\" is deleted, with its 0 entries."), "{said}");
    let left = operated.list("accounts", &[]);
    assert_eq!((left.len(), left[0]["username"].as_str()), (1, Some("bob")));
    assert!(!operated.live(0x51) && !operated.live(0x52) && operated.live(0x61));
    let bob = left[0]["id"].as_str().unwrap();
    assert!(operated.run(&["accounts", "delete", bob, "--yes"]).0, "by its id");
    assert_eq!(operated.run(&["accounts", "list"]), (true, "no accounts\n".to_owned()));
}

#[test]
fn sessions_are_listed_and_ended() {
    let operated = Operated::new();
    let (ok, said) = operated.run(&["sessions", "list", "ADA"]);
    assert!(ok && said.lines().count() == 3, "{said}");
    assert!(said.contains("515151515151  ada       Firefox on Linux  20"), "{said}");
    assert!(!said.contains("51515151515151"), "only as many digits as choose it");
    assert_eq!(operated.list("sessions", &[]).len(), 3);
    assert!(!operated.run(&["sessions", "end"]).0, "neither sessions nor an account");
    assert!(!operated.run(&["sessions", "end", "5151", "--all"]).0);
    assert!(operated.run(&["sessions", "end", "5151", "7777"]).1.contains("there is no session 7777"));
    assert!(operated.live(0x51), "nothing has ended");

    assert_eq!(operated.run(&["sessions", "end", "5151"]), (true, "1 session has ended\n".to_owned()));
    assert_eq!([0x51, 0x52, 0x61].map(|tag| operated.live(tag)), [false, true, true]);
    assert_eq!(operated.run(&["sessions", "end", "--account", "ada"]), (true, "1 session has ended\n".to_owned()));
    assert_eq!([0x51, 0x52, 0x61].map(|tag| operated.live(tag)), [false, false, true]);
    assert!(!operated.run(&["sessions", "end", "--account", "eve"]).0);
    assert_eq!(operated.run(&["sessions", "end", "--all"]), (true, "1 session has ended\n".to_owned()));
    assert!(!operated.live(0x61));
}

/// A session that the server's own settings keep alive is ended, although the defaults would not list it.
#[test]
fn session_of_a_long_lifetime_is_ended() {
    let operated = Operated::new();
    let (hash, long) = ([0x71; 32], Lifetime { idle: 100 * HOUR, max: 100 * HOUR });
    let account = AccountId::from_random([1; 16]);
    let (epoch, credential) = (0, CredentialName::Passphrase);
    let session = NewSession { token_hash: hash, account, epoch, credential, device: None, passkey_state: None };
    operated.store.open_session(&session, &long, now() - 50 * HOUR).unwrap();
    assert_eq!(operated.list("sessions", &["ada"]).len(), 2);
    let settings = ["ada", "--session-idle", "6000", "--session-max", "6000"];
    assert_eq!(operated.list("sessions", &settings).len(), 3);
    assert_eq!(operated.run(&["sessions", "end", "7171"]), (true, "1 session has ended\n".to_owned()));
    assert!(operated.store.live_session(&hash, &long, now()).is_err());
}
