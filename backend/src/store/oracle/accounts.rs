//! Invites and accounts in Oracle.

use oracle::sql_type::ToSql;
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::ids::AccountId;

use super::connect::TimedConnection;
use super::credentials::lock_epoch;
use super::{Attempt, DELETE_STEP, DELETE_TIME, OpError, OracleStore, bytes, first, sql, taken};
use crate::store::{Accounts, Hash, Invite, InviteFault, Millis, NewAccount, StoreError, StoredAccount};

impl Accounts for OracleStore {
    fn has_accounts(&self) -> Result<bool, StoreError> {
        self.run(|connection, _| any_account(connection))
    }

    fn add_invite(&self, invite: &Invite) -> Result<(), StoreError> {
        let setup = i32::from(invite.setup);
        let binds: [(&str, &dyn ToSql); 3] =
            [("code_hash", &&invite.code_hash), ("expires_at", &invite.expires_at), ("setup", &setup)];
        self.run(|connection, attempt| match connection.execute_named(sql::ADD_INVITE, &binds).map_err(taken) {
            Ok(_) => Ok(connection.commit()?),
            // The first attempt stored it: nobody else has this random code.
            Err(OpError::Store(StoreError::Taken)) if attempt == Attempt::Second => Ok(()),
            Err(error) => Err(error),
        })
    }

    fn check_invite(&self, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.run(|connection, _| check_invite(connection, sql::INVITE, code_hash, now))
    }

    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<bool, StoreError> {
        let NewAccount { id, username, passphrase, recovery, head } = account;
        let new = StoredAccount {
            id: *id,
            username: username.clone(),
            passphrase: passphrase.clone(),
            recovery: recovery.clone(),
            passkeys: Vec::new(),
            credential_changes: Vec::new(),
            epoch: 0,
            key_no: u32::from(head.is_some()),
            earlier_keys: None,
            head: head.as_ref().map(|head| Base64Url(head.as_bytes().to_vec())),
            invite_hash: Some(*invite_hash),
            change_no: 0,
            entries: 0,
            created_at: now,
        };
        self.run(|connection, _| {
            // One account at a time: two set-up links cannot both make the first.
            first::<i32>(connection, sql::LOCK_SERVER, &[])?;
            let same: [(&str, &dyn ToSql); 4] = [
                ("id", &id.as_bytes()),
                ("login", &username.as_str()),
                ("record", &passphrase.record.0),
                ("invite_hash", &invite_hash),
            ];
            if first::<Vec<u8>>(connection, sql::SAME_ACCOUNT, &same)?.is_some() {
                connection.rollback()?;
                return Ok(false);
            }
            check_invite(connection, sql::LOCK_INVITE, invite_hash, now)?;
            write_account(connection, sql::ADD_ACCOUNT, &new).map_err(taken)?;
            connection.execute_named(sql::USE_INVITE, &[("now", &now), ("code_hash", &invite_hash)])?;
            connection.commit()?;
            Ok(true)
        })
    }

    fn username(&self, account: AccountId) -> Result<Username, StoreError> {
        self.run(|connection, _| {
            let username: Option<String> = first(connection, sql::USERNAME, &[("account", &account.as_bytes())])?;
            parse_username(&username.ok_or(OpError::Store(StoreError::NotFound))?)
        })
    }

    fn delete_account(&self, account: AccountId, epoch: Option<u32>) -> Result<(), StoreError> {
        self.run_for(self.time.max(DELETE_TIME), |connection, _| {
            let by_account: (&str, &dyn ToSql) = ("account", &account.as_bytes());
            let last: Option<(u64, u64)> = first(connection, sql::LOCK_ACCOUNT, &[by_account])?;
            let Some((last, _)) = last else { return Ok(connection.rollback()?) };
            if epoch.is_some() && lock_epoch(connection, account)? != epoch {
                return Err(StoreError::StaleProof.into());
            }
            // The client breaks off a call that has no answer for some seconds, which the cascade alone could take.
            for upto in (DELETE_STEP..=last).step_by(DELETE_STEP as usize) {
                connection.execute_named(sql::DELETE_ENTRIES, &[by_account, ("upto", &upto)])?;
            }
            connection.execute_named(sql::DELETE_ACCOUNT, &[by_account])?;
            Ok(connection.commit()?)
        })
    }
}

fn any_account(connection: &TimedConnection<'_>) -> Result<bool, OpError> {
    Ok(first::<Vec<u8>>(connection, sql::ANY_ACCOUNT, &[])?.is_some())
}

/// `query` is [`sql::INVITE`] or, to lock the invite, [`sql::LOCK_INVITE`].
fn check_invite(connection: &TimedConnection<'_>, query: &str, code_hash: &Hash, now: Millis) -> Result<(), OpError> {
    let invite: Option<(u64, Option<u64>, i32)> = first(connection, query, &[("code_hash", &code_hash)])?;
    let fault = match invite {
        None => InviteFault::Unknown,
        Some((_, Some(_), _)) => InviteFault::Used,
        Some((_, _, setup)) if setup != 0 && any_account(connection)? => InviteFault::Unknown,
        Some((expires_at, _, _)) if expires_at <= now => InviteFault::Expired,
        Some(_) => return Ok(()),
    };
    Err(StoreError::Invite(fault).into())
}

/// Runs a statement that writes all columns of an account, and returns the number of rows it wrote. Passkeys and changes
/// of credentials are not written.
pub(super) fn write_account(
    connection: &TimedConnection<'_>,
    statement: &str,
    account: &StoredAccount,
) -> oracle::Result<u64> {
    let StoredAccount { passphrase, recovery, .. } = account;
    let invite_hash = account.invite_hash.as_ref().map(|hash| &hash[..]);
    let binds: [(&str, &dyn ToSql); 16] = [
        ("id", &account.id.as_bytes()),
        ("login", &account.username.as_str()),
        ("passphrase_record", &passphrase.record.0),
        ("passphrase_key", &passphrase.wrapped_key.0),
        ("passphrase_suite", &passphrase.suite),
        ("recovery_record", &recovery.record.0),
        ("recovery_key", &recovery.wrapped_key.0),
        ("recovery_suite", &recovery.suite),
        ("epoch", &account.epoch),
        ("change_no", &account.change_no),
        ("entries", &account.entries),
        ("created_at", &account.created_at),
        ("key_no", &account.key_no),
        ("earlier_keys", &account.earlier_keys.as_ref().map(|keys| &keys.0[..])),
        ("head", &account.head.as_ref().map(|head| &head.0[..])),
        ("invite_hash", &invite_hash),
    ];
    connection.execute_named(statement, &binds)?.row_count()
}

pub(super) fn parse_username(text: &str) -> Result<Username, OpError> {
    Ok(Username::new(text).map_err(|_| StoreError::Fault("accounts.login is no username".into()))?)
}

pub(super) fn account_id(id: Vec<u8>) -> Result<AccountId, OpError> {
    let id: [u8; 16] = bytes(id, "accounts.id")?;
    Ok(id.try_into().map_err(|error| StoreError::Fault(format!("accounts.id: {error}")))?)
}
