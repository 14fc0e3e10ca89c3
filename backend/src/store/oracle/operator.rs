//! The operator's commands in Oracle.

use std::collections::BTreeMap;

use oracle::sql_type::ToSql;
use shared::ids::AccountId;
use shared::sessions::Device;

use super::accounts::{account_id, parse_username};
use super::sessions::ends;
use super::{Attempt, OracleStore, bytes, sql};
use crate::store::{AccountSummary, Hash, Lifetime, Millis, Operator, StoreError, StoredSession};

impl Operator for OracleStore {
    fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError> {
        type Row = (Vec<u8>, String, u64, u64, Option<u64>);
        self.run(|connection, _| {
            let mut passkeys = BTreeMap::<_, u64>::new();
            for account in connection.query_as::<Vec<u8>>(sql::PASSKEYS_OF_ALL, &[])? {
                *passkeys.entry(account?).or_default() += 1;
            }
            let rows = connection.query_as::<Row>(sql::ACCOUNTS, &[])?;
            rows.map(|row| {
                let (id, username, created_at, entries, changed_at) = row?;
                let passkeys = passkeys.get(&id).copied().unwrap_or_default();
                let (id, username) = (account_id(id)?, parse_username(&username)?);
                Ok(AccountSummary { id, username, created_at, entries, passkeys, changed_at })
            })
            .collect()
        })
    }

    fn revoke_invite(&self, code_hash: &Hash) -> Result<bool, StoreError> {
        self.run(|connection, attempt| {
            // Waits for an account that is being made with it.
            let rows = connection.execute_named(sql::REVOKE_INVITE, &[("code_hash", &code_hash)])?.row_count()?;
            connection.commit()?;
            // The first attempt may have deleted it, and its answer was lost.
            Ok(rows > 0 || attempt == Attempt::Second)
        })
    }

    fn all_sessions(&self, lifetime: &Lifetime, now: Millis) -> Result<Vec<(AccountId, StoredSession)>, StoreError> {
        type Row = (Vec<u8>, Vec<u8>, Option<String>, u64, u64);
        let (idle, oldest) = ends(lifetime, now);
        let binds: [(&str, &dyn ToSql); 2] = [("idle", &idle), ("oldest", &oldest)];
        self.run(|connection, _| {
            let rows = connection.query_as_named::<Row>(sql::ALL_SESSIONS, &binds)?;
            rows.map(|row| {
                let (account, token_hash, device, created_at, used_at) = row?;
                let token_hash = bytes(token_hash, "sessions.token_hash")?;
                // A device name that is no longer valid is left out; the session is still listed.
                let device = device.and_then(|name| Device::new(&name).ok());
                Ok((account_id(account)?, StoredSession { token_hash, device, created_at, used_at }))
            })
            .collect()
        })
    }

    fn end_sessions(&self, account: AccountId, now: Millis) -> Result<u64, StoreError> {
        let binds: [(&str, &dyn ToSql); 2] = [("now", &now), ("account", &account.as_bytes())];
        self.run(|connection, _| {
            let rows = connection.execute_named(sql::END_ALL_OF, &binds)?.row_count()?;
            connection.commit()?;
            Ok(rows)
        })
    }
}
