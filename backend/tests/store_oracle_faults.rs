//! The Oracle driver while the database refuses, is silent, is slow, or drops connections: the real `oracle` crate with
//! a double of Oracle's client library.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod contract;
mod oracle_double;

use std::thread;
use std::time::{Duration, Instant};

use backend::store::oracle::{Code, OracleSettings, OracleStore, SecondTry, TABLE, check_connection};
use backend::store::{Accounts, Credentials, Database, Entries, LogInRefusal, Sessions, StoreError, Transfer};
use contract::{MANY, NOW, change, list, prepare, row, save, settle};
use oracle_double::{faults, settings, store};

fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unavailable(text)) => text,
        other => panic!("not unavailable: {other:?}"),
    }
}

/// The pool repeats the answer of a failed connect for a second.
fn wait_until_it_connects_again() {
    thread::sleep(Duration::from_millis(1100));
}

#[test]
fn error_with_a_code_of_the_table_contains_its_remedy() {
    for (number, remedy) in TABLE.iter().flat_map(|remedy| remedy.codes.iter().map(move |code| (code, remedy))) {
        let text = number.to_string();
        let Some(ora) = text.strip_prefix("ORA-") else { continue };
        let service = format!("code_{ora}");
        faults(&service, &format!("connect||0|*|ORA-{}\n", ora.trim_start_matches('0')));
        let start = Instant::now();
        match store(&service).has_accounts() {
            Err(StoreError::Unavailable(said) | StoreError::Refused(LogInRefusal { text: said, .. })) => {
                assert_eq!(said, format!("{text}: {remedy}"));
            }
            other => panic!("{text}: {other:?}"),
        }
        // Far below any timeout: the refusal is the answer.
        assert!(start.elapsed() < Duration::from_secs(3), "{text}");
    }
}

/// A save that fails for such a code fails again, so the answer must not be "try again".
#[test]
fn code_that_is_no_known_outage_is_a_fault() {
    let store = store("unknown_codes");
    let ada = settle(&store, 1, "ada");
    let one = prepare(&store, ada, &[change(1, 0, 7)]);
    for (round, number) in [1455, 3115, 600, 6550, 24333].into_iter().enumerate() {
        faults("unknown_codes", &format!("execute|passwords|0|1|ORA-{number}\n# {round}\n"));
        match store.save_changes(ada, &one, MANY, NOW) {
            Err(StoreError::Fault(said)) => assert!(said.starts_with(&format!("ORA-{number:05}: ")), "{said}"),
            other => panic!("{number}: {other:?}"),
        }
    }
    store.save_changes(ada, &one, MANY, NOW).unwrap();
}

#[test]
fn database_that_comes_back_is_used_without_a_restart() {
    let store = store("down");
    let ada = settle(&store, 1, "ada");
    let one = prepare(&store, ada, &[change(1, 0, 7)]);
    faults("down", "down\n");
    assert!(unavailable(store.save_changes(ada, &one, MANY, NOW)).starts_with("ORA-12541: nothing listens"));
    unavailable(store.check());
    faults("down", "");
    wait_until_it_connects_again();
    store.save_changes(ada, &one, MANY, NOW).unwrap();
    store.check().unwrap();
}

/// After a restart of the database every idle connection is dead. The first request replaces them.
#[test]
fn restart_of_the_database_fails_no_request() {
    let store = store("restart");
    let ada = settle(&store, 1, "ada");
    // Four connections, all in use at once, then idle.
    faults("restart", "execute|passwords|0|4|slow:200\n");
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| list(&store, ada)))));
    faults("restart", "down\n");
    unavailable(oracle_double::store("restart").has_accounts());
    faults("restart", "");
    save(&store, ada, &[change(9, 0, 7)]).unwrap();
}

#[test]
fn callers_of_a_silent_database_wait_side_by_side() {
    faults("silent", "silent\n");
    let store = store("silent");
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| unavailable(store.has_accounts()));
        }
    });
    // All wait for the time of one connect (a queue of four would take twelve seconds). Callers beyond the pool's limit
    // get the failure of the others.
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(4) && waited < Duration::from_secs(11), "{waited:?}");
}

/// A server that works on the call, or waits for a lock, hears the break. A frozen one does not, and the client waits
/// for its answer to the break: within the deadline, not beyond it.
#[test]
fn hanging_call_ends_at_its_deadline_and_the_next_one_works() {
    for (service, fault, code) in
        [("hang_works", "wait:60000", "ORA-12609"), ("hang_frozen", "hang:60000", "ORA-03156")]
    {
        let settings = OracleSettings { time: Duration::from_secs(4), ..settings(service) };
        let store = OracleStore::new(settings).unwrap();
        let ada = settle(&store, 1, "ada");
        let one = prepare(&store, ada, &[change(1, 0, 7)]);
        faults(service, &format!("execute|passwords|0|1|{fault}\n"));
        let start = Instant::now();
        let said = unavailable(store.save_changes(ada, &one, MANY, NOW));
        assert!(said.starts_with(code) && said.contains("did not answer in time"), "{said}");
        // Twice the deadline would be eight seconds.
        assert!(start.elapsed() < Duration::from_millis(6500), "{fault}: {:?}", start.elapsed());
        store.save_changes(ada, &one, MANY, NOW).unwrap();
        assert_eq!(list(&store, ada), [row(&change(1, 0, 7), 1)]);
    }
}

/// The deadline is the operation's, whatever the number of its calls.
#[test]
fn operation_of_many_slow_calls_ends_at_its_deadline() {
    let settings = OracleSettings { time: Duration::from_secs(4), ..settings("many_calls") };
    let store = OracleStore::new(settings).unwrap();
    let ada = settle(&store, 1, "ada");
    store.open_session(&contract::session(ada, 5), &contract::LONG, NOW).unwrap();
    faults("many_calls", "execute||0|*|wait:1400\n");
    let start = Instant::now();
    let passphrase = shared::sessions::CredentialName::Passphrase;
    let new = contract::new(ada, &passphrase, 9);
    let said = unavailable(store.set_credential(&new, contract::PASSKEYS_MAX, NOW));
    assert!(said.contains("did not answer in time"), "{said}");
    // Its five calls would take seven seconds.
    assert!(start.elapsed() < Duration::from_millis(6500), "{:?}", start.elapsed());
    faults("many_calls", "");
    let found = store.credential(&shared::accounts::Username::new("ada").unwrap(), &passphrase).unwrap().unwrap();
    assert_ne!(found.secret, new.secret);
}

#[test]
fn connection_dropped_in_use_is_replaced_and_nothing_is_done_twice() {
    // Each step of each kind of write.
    for (number, fault) in [
        "execute|BEGIN|0|1|drop-3113",
        "execute|accounts|0|1|drop-3113",
        "execute|passwords|1|1|drop-3135",
        "commit||0|1|drop-3113",
        "fetch||0|1|drop-3114",
        "any||2|1|drop-28",
        // Done, but the answer is lost.
        "executed|BEGIN|0|1|drop-3113",
        "committed||0|1|drop-3113",
    ]
    .into_iter()
    .enumerate()
    {
        let service = format!("drop_{number}");
        let store = store(&service);
        let ada = settle(&store, 1, "ada");
        let rounds = [
            &[change(1, 0, 7)][..],
            &[change(1, 1, 8)],
            &[contract::delete(1, 2)],
            &[change(2, 0, 7), change(1, 3, 9), change(3, 0, 7)],
        ];
        for (round, changes) in rounds.into_iter().enumerate() {
            let one = prepare(&store, ada, changes);
            faults(&service, &format!("{fault}\n# {round}\n"));
            let saved = store.save_changes(ada, &one, MANY, NOW).unwrap();
            assert_eq!(saved.change_no, [1, 2, 3, 6][round], "{fault}");
            faults(&service, "");
        }
        let rows = [row(&change(2, 0, 7), 4), row(&change(1, 3, 9), 5), row(&change(3, 0, 7), 6)];
        assert_eq!(list(&store, ada), rows, "{fault}");
    }
}

/// The ping finds a connection that was cut while idle, or hangs.
#[test]
fn dead_idle_connection_is_replaced_without_an_error() {
    let settings = OracleSettings { ping_after: Duration::ZERO, ..settings("idle") };
    let store = OracleStore::new(settings).unwrap();
    let ada = settle(&store, 1, "ada");
    for (round, (fault, times)) in
        [("ping||0|1|drop-3113", 0..1900), ("ping||0|1|ORA-3135", 0..1900), ("ping||0|1|hang:60000", 1900..7000)]
            .into_iter()
            .enumerate()
    {
        // The fault affects the ping only: the save runs on another connection.
        let one = prepare(&store, ada, &[change(round as u16, 0, 7)]);
        faults("idle", &format!("{fault}\n"));
        let start = Instant::now();
        store.save_changes(ada, &one, MANY, NOW).unwrap();
        assert!(times.contains(&start.elapsed().as_millis()), "{fault}: {:?}", start.elapsed());
    }
    assert_eq!(list(&store, ada).len(), 3);
}

/// The first connection whose ping fails speaks for the others: one ping and one log-in, not a ping for each.
#[test]
fn idle_connections_to_a_frozen_server_cost_one_ping() {
    let settings = OracleSettings { ping_after: Duration::ZERO, ..settings("idle_all") };
    let store = OracleStore::new(settings).unwrap();
    let ada = settle(&store, 1, "ada");
    // Four connections, all in use at once, then idle.
    let one = prepare(&store, ada, &[change(9, 0, 7)]);
    faults("idle_all", "execute|passwords|0|4|slow:300\n");
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| list(&store, ada)))));
    faults("idle_all", "ping||0|*|hang:60000\n");
    let start = Instant::now();
    store.save_changes(ada, &one, MANY, NOW).unwrap();
    assert!(start.elapsed() < Duration::from_millis(5500), "{:?}", start.elapsed());
}

/// Each call deletes a part of the entries, so that none is broken off for its silence; all are one transaction.
#[test]
fn account_with_many_entries_is_deleted_in_several_calls_and_one_transaction() {
    let store = store("delete_many");
    let ada = settle(&store, 1, "ada");
    let bob = settle(&store, 2, "bob");
    save(&store, bob, &[change(1, 0, 7)]).unwrap();
    let entries: Vec<_> = (1..=4500).map(|n| row(&change(n, 0, 7), n.into())).collect();
    for entries in entries.chunks(500) {
        store.insert_entries(ada, entries).unwrap();
    }
    oracle_double::execute("delete_many", "UPDATE accounts SET change_no = 4500 WHERE login = 'ada'");
    // The third call fails: nothing of the first two stays.
    faults("delete_many", "execute|DELETE FROM|2|1|ORA-18\n");
    unavailable(store.delete_account(ada, None));
    assert_eq!(oracle_double::number("delete_many", "SELECT COUNT(*) FROM passwords"), 4501);
    faults("delete_many", "");
    store.delete_account(ada, None).unwrap();
    assert_eq!(oracle_double::number("delete_many", "SELECT COUNT(*) FROM passwords"), 1);
}

#[test]
fn invite_or_session_is_made_once_if_the_answer_is_lost() {
    let store = store("answers");
    let ada = settle(&store, 1, "ada");
    faults("answers", "committed||0|1|drop-3113\n");
    store.add_invite(&contract::invite(7)).unwrap();
    faults("answers", "committed||0|1|drop-3113\n# again\n");
    let session = backend::store::NewSession {
        token_hash: [5; 32],
        account: ada,
        epoch: 0,
        credential: shared::sessions::CredentialName::Passphrase,
        device: None,
        passkey_state: None,
    };
    store.open_session(&session, &contract::LONG, NOW).unwrap();
    faults("answers", "");
    assert_eq!(store.live_session(&[5; 32], &contract::LONG, NOW).unwrap().account, ada);
}

#[test]
fn sixteen_threads_share_four_connections() {
    let store = store("threads");
    let accounts = (1..=16).map(|tag| settle(&store, tag, &format!("login {tag}"))).collect::<Vec<_>>();
    thread::scope(|scope| {
        for account in &accounts {
            let store = &store;
            scope.spawn(move || {
                for n in 0..20 {
                    save(store, *account, &[change(n, 0, 7)]).unwrap();
                }
            });
        }
    });
    for account in accounts {
        let numbers: Vec<_> = list(&store, account).iter().map(|entry| entry.change_no).collect();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    }
}

#[test]
fn caller_that_gets_no_connection_in_time_is_refused() {
    let settings = OracleSettings { time: Duration::from_secs(2), connections: 2, ..settings("full") };
    let store = OracleStore::new(settings).unwrap();
    let ada = settle(&store, 1, "ada");
    faults("full", "execute|passwords|0|2|slow:5000\n");
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| store.list_changes(ada, 0, 10));
        }
        thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        let said = unavailable(store.has_accounts());
        assert!(said.contains("in use") || said.starts_with("DPI-1067"), "{said}");
        assert!(start.elapsed() < Duration::from_millis(4500), "{:?}", start.elapsed());
    });
    faults("full", "");
    save(&store, ada, &[change(9, 0, 7)]).unwrap();
}

#[test]
fn database_without_quota_is_unavailable_with_its_code() {
    std::fs::write(oracle_double::folder().join("no_quota.quota"), "").unwrap();
    assert!(unavailable(store("no_quota").has_accounts()).starts_with("ORA-01950"));
}

#[test]
fn database_with_a_newer_schema_is_refused() {
    store("newer").has_accounts().unwrap();
    oracle_double::execute("newer", "INSERT INTO schema_version (version) VALUES (99)");
    let said = unavailable(store("newer").has_accounts());
    assert!(said.contains("schema version 99") && said.contains("run the newer Passmint"), "{said}");
}

/// Also if a migration was interrupted after any of its statements.
#[test]
fn schema_1_is_migrated_and_keeps_its_data() {
    // The columns of step 4 that are in the way; the rest of that step is skipped as existing.
    const UNDO: [&str; 6] = [
        "DELETE FROM schema_version WHERE version >= 2",
        "DROP TABLE credential_changes",
        "ALTER TABLE accounts DROP COLUMN head",
        "ALTER TABLE passwords DROP COLUMN sealed_deletion",
        "DROP TABLE passkeys",
        "ALTER TABLE sessions DROP COLUMN device",
    ];
    for version in ["v19", "v23"] {
        for undone in 1..=UNDO.len() {
            let service = format!("{version}_first_release_{undone}");
            let ada = settle(&store(&service), 1, "ada");
            store(&service).open_session(&contract::session(ada, 5), &contract::LONG, NOW).unwrap();
            for statement in &UNDO[..undone] {
                oracle_double::execute(&service, statement);
            }
            let store = store(&service);
            assert!(contract::is_live(&store, 5));
            let passphrase = shared::sessions::CredentialName::Passphrase;
            contract::set(&store, &contract::new(ada, &passphrase, 3), NOW).unwrap();
            contract::set(&store, &contract::new(ada, &contract::passkey(3), 3), NOW).unwrap();
            assert_eq!((store.passkeys(ada).unwrap().len(), list(&store, ada)), (1, vec![]));
            assert_eq!(store.sessions(ada, &contract::LONG, NOW).unwrap()[0].device, None);
        }
    }
}

#[test]
fn interrupted_migration_that_only_comments_is_run_again() {
    for (service, fault) in [("comments_cut", "drop-3113"), ("comments_refused", "ORA-1013")] {
        let ada = settle(&store(service), 1, "ada");
        oracle_double::execute(service, "DELETE FROM schema_version WHERE version >= 3");
        oracle_double::execute(service, "COMMENT ON TABLE invites IS 'old'");
        faults(service, &format!("execute|COMMENT ON|20|1|{fault}\n"));
        // A lost connection is replaced at once.
        assert_eq!(store(service).has_accounts().is_ok(), fault.starts_with("drop"), "{fault}");
        store(service).username(ada).unwrap();
        assert_eq!(oracle_double::number(service, "SELECT MAX(version) FROM schema_version"), 4, "{fault}");
        for (view, expected) in [("user_tab_comments", 8), ("user_col_comments", 53)] {
            let count = format!("SELECT COUNT(*) FROM {view} WHERE comments <> 'old'");
            assert_eq!(oracle_double::number(service, &count), expected, "{fault}: {view}");
        }
    }
}

/// The connection drops before or after the commit.
#[test]
fn change_of_secrets_is_done_once_if_the_connection_drops() {
    for (number, fault) in [
        "execute|FOR UPDATE|0|1|drop-3113",
        "execute|UPDATE accounts|0|1|drop-3113",
        "execute|passkeys|0|1|drop-3113",
        "execute|DELETE FROM|0|1|drop-3113",
        "commit||0|1|drop-3113",
        "committed||0|1|drop-3113",
    ]
    .into_iter()
    .enumerate()
    {
        let service = format!("secrets_{number}");
        let store = store(&service);
        let (ada, bob) = contract::two_full_accounts(&store);
        let username = shared::accounts::Username::new("ada").unwrap();
        let passphrase = shared::sessions::CredentialName::Passphrase;
        for round in 0..3 {
            faults(&service, &format!("{fault}\n# {round}\n"));
            match round {
                0 => contract::set(&store, &contract::new(ada, &passphrase, 9), NOW).unwrap(),
                1 => contract::remove(&store, &contract::old(ada, &contract::passkey_id(3)), NOW).unwrap(),
                _ => store.delete_account(bob, None).unwrap(),
            }
        }
        faults(&service, "");
        let found = store.credential(&username, &passphrase).unwrap().unwrap();
        assert_eq!((found.epoch, found.secret), (3, contract::secret(9)), "{fault}");
        let changes = store.credential_changes(ada).unwrap();
        assert_eq!(changes.iter().map(|change| change.number).collect::<Vec<_>>(), [3, 2, 1], "{fault}");
        assert!(contract::is_live(&store, 5) && !contract::is_live(&store, 15), "{fault}");
        assert!(matches!(store.username(bob), Err(StoreError::NotFound)), "{fault}");
    }
}

#[test]
fn check_runs_all_steps_or_ends_with_the_one_that_fails() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = |service: &str| {
        let text = format!("127.0.0.1:{port}/{service}");
        let descriptor = backend::store::oracle::Descriptor::read(&text, None).unwrap();
        OracleSettings { descriptor, ..settings(service) }
    };
    let check = |settings: &OracleSettings| {
        let mut steps = Vec::new();
        let second_try = || SecondTry::Failed(Code::Ora(28860));
        let ok = check_connection(settings, second_try, |step| steps.push(step));
        (ok, steps)
    };
    let (ok, steps) = check(&settings("check"));
    assert!(ok && steps.iter().all(|step| step.ok), "{steps:#?}");
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    assert_eq!(
        names,
        [
            "client library",
            "client version",
            "connect string",
            "reachability",
            "log-in",
            "password",
            "service level",
            "privileges",
            "quota",
            "tables",
            "write, read, delete",
            "entries"
        ]
    );
    assert_eq!(steps.last().unwrap().detail, "no entries yet");
    assert!(store("check").invites().unwrap().is_empty(), "the check leaves no invite");
    let (ada, bob) = (settle(&store("check"), 1, "ada"), settle(&store("check"), 2, "bob"));
    let save_at = |account, changes: &[_], now| {
        let store = store("check");
        store.save_changes(account, &prepare(&store, account, changes), MANY, now).unwrap();
    };
    save_at(bob, &[change(1, 0, 7)], NOW);
    save_at(ada, &[change(1, 0, 7)], NOW + 3_600_000);
    save_at(bob, &[change(2, 0, 7), contract::delete(1, 1)], NOW + 60_000);
    let (_, steps) = check(&settings("check"));
    assert_eq!(steps.last().unwrap().detail, "2 entries in 2 accounts, the last change 2026-09-21 15:13 UTC");

    faults("check_1017", "connect||0|*|ORA-1017\n");
    let (ok, steps) = check(&settings("check_1017"));
    let last = steps.last().unwrap();
    assert!(!ok && last.name == "log-in" && last.detail.starts_with("ORA-01017: the user or the password"), "{last:?}");

    // The code of a failed connection shows whether TLS failed or the log-in.
    let tls = |service: &str, codes: &str| {
        faults(service, codes);
        let text = format!("tcps://127.0.0.1:{port}/{service}");
        let descriptor = backend::store::oracle::Descriptor::read(&text, None).unwrap();
        check(&OracleSettings { descriptor, ..oracle_double::settings(service) })
    };
    let (ok, steps) = tls("check_tls", "");
    assert!(ok && steps.iter().any(|step| step.name == "TLS" && step.ok), "{steps:#?}");
    let (_, steps) = tls("check_tls_29024", "connect||0|*|ORA-29024\n");
    let last = steps.last().unwrap();
    assert!(last.name == "TLS" && last.detail.starts_with("ORA-29024: the database's certificate"), "{last:?}");
    let (_, steps) = tls("check_tls_12561", "connect||0|*|ORA-12561\n");
    let last = steps.last().unwrap();
    assert!(last.name == "TLS" && last.detail.starts_with("ORA-28860: "), "{last:?}");
    let (_, steps) = tls("check_tls_28000", "connect||0|*|ORA-28000\n");
    let [.., tls, last] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(tls.name == "TLS" && tls.ok && tls.ms.is_none(), "{tls:?}");
    assert!(last.name == "log-in" && last.detail.starts_with("ORA-28000: "), "{last:?}");

    std::fs::write(oracle_double::folder().join("check_privs.privs"), "CREATE SESSION\n").unwrap();
    let (_, steps) = check(&settings("check_privs"));
    let last = steps.last().unwrap();
    assert!(last.name == "privileges" && last.detail.starts_with("ORA-01031"), "{last:?}");

    std::fs::write(oracle_double::folder().join("check_quota.quota"), "").unwrap();
    let (_, steps) = check(&settings("check_quota"));
    let last = steps.last().unwrap();
    assert!(last.name == "quota" && last.detail.starts_with("ORA-01950"), "{last:?}");

    drop(listener);
    let (_, steps) = check(&settings("check_closed"));
    let last = steps.last().unwrap();
    assert!(last.name == "reachability" && last.detail.starts_with("ORA-12541"), "{last:?}");

    let wrong =
        OracleSettings { password: zeroize::Zeroizing::new("wrong".into()), ..oracle_double::settings("check") };
    match OracleStore::new(wrong).unwrap().has_accounts() {
        Err(StoreError::Refused(refusal)) => assert!(refusal.text.starts_with("ORA-01017"), "{refusal:?}"),
        other => panic!("{other:?}"),
    }
}
