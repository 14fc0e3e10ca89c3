//! Sessions in Oracle.

use oracle::sql_type::ToSql;
use shared::bytes::Base64Url;
use shared::ids::{AccountId, SessionId};
use shared::sessions::{CredentialName, Device};

use super::accounts::account_id;
use super::credentials::{Keys, lock_epoch, own_secret};
use super::{Attempt, OpError, OracleStore, bytes, first, sql, taken};
use crate::store::{
    Grant, Hash, Lifetime, LiveSession, Millis, NewSession, Sessions, StoreError, StoredSession, TOKEN_KEPT,
};

impl Sessions for OracleStore {
    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Grant, StoreError> {
        let NewSession { token_hash, account, epoch, credential, device, passkey_state } = session;
        let (idle, oldest) = ends(lifetime, now);
        let repeatable = before(now, TOKEN_KEPT);
        self.run(|connection, attempt| {
            // The account is locked before sessions, as everywhere, so that there is no deadlock.
            let current = lock_epoch(connection, *account)?;
            let secret = own_secret(connection, *account, credential)?.filter(|_| current == Some(*epoch));
            let wrapped_key = secret.ok_or(OpError::Store(StoreError::NotFound))?.wrapped_key;
            let keys: Option<Keys> = first(connection, sql::KEYS, &[("account", &account.as_bytes())])?;
            let (key_no, earlier_keys, _) = keys.ok_or(OpError::Store(StoreError::NotFound))?;
            let clear: [(&str, &dyn ToSql); 3] = [("repeatable", &repeatable), ("idle", &idle), ("oldest", &oldest)];
            connection.execute_named(sql::CLEAR_SESSIONS, &clear)?;
            let binds: [(&str, &dyn ToSql); 4] = [
                ("token_hash", &token_hash),
                ("account", &account.as_bytes()),
                ("now", &now),
                ("device", &device.as_ref().map(Device::as_str)),
            ];
            match connection.execute_named(sql::ADD_SESSION, &binds).map_err(taken) {
                Ok(_) => {}
                // The first attempt stored it: nobody else can derive this token.
                Err(OpError::Store(StoreError::Taken)) if attempt == Attempt::Second => {}
                Err(error) => return Err(error),
            }
            if let CredentialName::Passkey(id) = credential {
                let binds: [(&str, &dyn ToSql); 3] =
                    [("now", &now), ("account", &account.as_bytes()), ("passkey", &id.as_bytes())];
                connection.execute_named(sql::TOUCH_PASSKEY, &binds)?;
                if let Some(state) = passkey_state {
                    let binds: [(&str, &dyn ToSql); 3] =
                        [("verifier", state), ("account", &account.as_bytes()), ("passkey", &id.as_bytes())];
                    connection.execute_named(sql::COUNT_SIGNATURE, &binds)?;
                }
            }
            connection.commit()?;
            Ok(Grant { wrapped_key, key_no, earlier_keys: earlier_keys.map(Base64Url) })
        })
    }

    fn live_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<LiveSession, StoreError> {
        let (idle, oldest) = ends(lifetime, now);
        let binds: [(&str, &dyn ToSql); 3] = [("token_hash", &token_hash), ("idle", &idle), ("oldest", &oldest)];
        self.run(|connection, _| {
            let (id, opened_at, used_at): (Vec<u8>, u64, u64) =
                first(connection, sql::SESSION, &binds)?.ok_or(OpError::Store(StoreError::NotFound))?;
            Ok(LiveSession { account: account_id(id)?, opened_at, used_at })
        })
    }

    fn touch_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.run(|connection, _| {
            connection.execute_named(sql::TOUCH_SESSION, &[("now", &now), ("token_hash", &token_hash)])?;
            Ok(connection.commit()?)
        })
    }

    fn sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<Vec<StoredSession>, StoreError> {
        let (idle, oldest) = ends(lifetime, now);
        let binds: [(&str, &dyn ToSql); 3] = [("account", &account.as_bytes()), ("idle", &idle), ("oldest", &oldest)];
        self.run(|connection, _| {
            let rows = connection.query_as_named::<(Vec<u8>, Option<String>, u64, u64)>(sql::SESSIONS, &binds)?;
            rows.map(|row| {
                let (token_hash, device, created_at, used_at) = row?;
                let token_hash = bytes(token_hash, "sessions.token_hash")?;
                // A device name that is no longer valid is left out; the session is still listed.
                let device = device.and_then(|name| Device::new(&name).ok());
                Ok(StoredSession { token_hash, device, created_at, used_at })
            })
            .collect()
        })
    }

    fn end_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.run(|connection, _| {
            connection.execute_named(sql::END_SESSION, &[("now", &now), ("token_hash", &token_hash)])?;
            Ok(connection.commit()?)
        })
    }

    fn end_listed_session(&self, account: AccountId, id: SessionId, now: Millis) -> Result<(), StoreError> {
        // The id is the first half of the hash.
        let (mut lowest, mut highest) = ([0; 32], [0xff; 32]);
        lowest[..16].copy_from_slice(id.as_bytes());
        highest[..16].copy_from_slice(id.as_bytes());
        let binds: [(&str, &dyn ToSql); 4] =
            [("now", &now), ("account", &account.as_bytes()), ("lowest", &&lowest), ("highest", &&highest)];
        self.run(|connection, _| {
            connection.execute_named(sql::END_LISTED, &binds)?;
            Ok(connection.commit()?)
        })
    }

    fn end_other_sessions(&self, account: AccountId, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        let binds: [(&str, &dyn ToSql); 3] =
            [("now", &now), ("account", &account.as_bytes()), ("token_hash", &token_hash)];
        self.run(|connection, _| {
            connection.execute_named(sql::END_OTHERS, &binds)?;
            Ok(connection.commit()?)
        })
    }
}

/// Two times: a session has ended if its last use is not after the first, or its log-in not after the second.
pub(super) fn ends(lifetime: &Lifetime, now: Millis) -> (i64, i64) {
    (before(now, lifetime.idle), before(now, lifetime.max))
}

/// The time that is `time` before now; negative in the first moments after 1970.
fn before(now: Millis, time: Millis) -> i64 {
    i64::try_from(now).unwrap_or(i64::MAX) - i64::try_from(time).unwrap_or(i64::MAX)
}
