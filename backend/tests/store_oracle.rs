//! The store contract for the Oracle driver: the real `oracle` crate with a double of Oracle's client library.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod contract;
mod oracle_double;

use std::sync::atomic::{AtomicUsize, Ordering};

use backend::store::{Accounts, Store};

/// A database of its own: a service of the double.
struct Oracle(String);

impl contract::Driver for Oracle {
    fn open(&self) -> Box<dyn Store> {
        Box::new(oracle_double::store(&self.0))
    }

    fn cut(&self) {
        oracle_double::faults(&self.0, "execute||0|1|drop-3113\n");
    }
}

fn new_19() -> Oracle {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Oracle(format!("v19_{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn new_23() -> Oracle {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Oracle(format!("v23_{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// The double refuses what Oracle 19c refuses.
mod on_19c {
    use super::*;

    contract::suite!(new_19);
}

/// The double behaves as Oracle 23ai and 26ai.
mod on_23ai {
    use super::*;

    contract::suite!(new_23);
}

/// Asks every table that has an `ACCOUNT_ID`, so that later tables are included.
#[test]
fn no_table_has_a_row_of_a_deleted_account() {
    for service in ["v19_rows", "v23_rows"] {
        let store = oracle_double::store(service);
        let (ada, bob) = contract::two_full_accounts(&store);
        let tables = ["CREDENTIAL_CHANGES", "PASSKEYS", "PASSWORDS", "SESSIONS", "ACCOUNTS"];
        let rows = |account, counts: [u64; 5]| {
            let expected: Vec<_> = tables.iter().map(ToString::to_string).zip(counts).collect();
            assert_eq!(oracle_double::rows_of(service, account), expected, "{service}");
        };
        rows(ada, [1, 1, 5, 2, 1]);
        store.delete_account(ada, None).unwrap();
        rows(ada, [0, 0, 0, 0, 0]);
        rows(bob, [1, 1, 5, 2, 1]);
    }
}
