//! A store that times each operation by its name and counts its failures.

use std::sync::Arc;
use std::time::Instant;

use shared::accounts::Username;
use shared::changes::{Changes, SaveChanges, Saved, StoredVersion};
use shared::credentials::{CredentialChange, PasskeySummary};
use shared::ids::{AccountId, PasskeyId, SessionId};
use shared::sessions::CredentialName;

use super::Metrics;
use crate::store::{
    AccountSummary, Accounts, Credential, Credentials, Database, Entries, Grant, Hash, Invite, Lifetime, LiveSession,
    Millis, NewAccount, NewSecret, NewSession, NewVaultKey, OldPasskey, Operator, PasskeyVerifier, PasswordExpiry,
    Sessions, Store, StoreError, StoredAccount, StoredInvite, StoredSession, Transfer, Usage,
};

/// Forwards each operation to `store`.
pub(crate) struct MeteredStore {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Implements a trait of the store by forwarding each of its operations.
macro_rules! forward {
    ($subject:ident { $($operation:ident($($argument:ident: $kind:ty),*) -> $result:ty;)* } $($rest:item)?) => {
        impl $subject for MeteredStore {
            $(fn $operation(&self, $($argument: $kind),*) -> Result<$result, StoreError> {
                let start = Instant::now();
                let result = self.store.$operation($($argument),*);
                self.metrics.operation_ended(stringify!($operation), start.elapsed(), result.as_ref().err());
                result
            })*
            $($rest)?
        }
    };
}

forward! {
    Database {
        check() -> ();
        look_for_damage() -> ();
        bind_server_key(fingerprint: &Hash) -> ();
        server_key() -> Option<Hash>;
        password_expiry() -> PasswordExpiry;
    }
    fn usage(&self) -> Usage {
        self.store.usage()
    }
}

forward! {
    Accounts {
        has_accounts() -> bool;
        add_invite(invite: &Invite) -> ();
        check_invite(code_hash: &Hash, now: Millis) -> ();
        create_account(account: &NewAccount, invite_hash: &Hash, now: Millis) -> bool;
        username(account: AccountId) -> Username;
        delete_account(account: AccountId, epoch: Option<u32>) -> ();
    }
}

forward! {
    Credentials {
        credential(username: &Username, name: &CredentialName) -> Option<Credential>;
        set_credential(secret: &NewSecret, passkeys_max: usize, now: Millis) -> ();
        replace_vault_key(new: &NewVaultKey, now: Millis) -> ();
        passkeys(account: AccountId) -> Vec<PasskeySummary>;
        passkey_verifier(account: AccountId, id: &PasskeyId) -> Option<PasskeyVerifier>;
        remove_passkey(passkey: &OldPasskey, now: Millis) -> ();
        credential_changes(account: AccountId) -> Vec<CredentialChange>;
    }
}

forward! {
    Sessions {
        open_session(session: &NewSession, lifetime: &Lifetime, now: Millis) -> Grant;
        live_session(token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> LiveSession;
        touch_session(token_hash: &Hash, now: Millis) -> ();
        sessions(account: AccountId, lifetime: &Lifetime, now: Millis) -> Vec<StoredSession>;
        end_session(token_hash: &Hash, now: Millis) -> ();
        end_listed_session(account: AccountId, id: SessionId, now: Millis) -> ();
        end_other_sessions(account: AccountId, token_hash: &Hash, now: Millis) -> ();
    }
}

forward! {
    Entries {
        list_changes(account: AccountId, since: u64, limit: u32) -> Changes;
        save_changes(account: AccountId, save: &SaveChanges, entries_max: u64, now: Millis) -> Saved;
    }
}

forward! {
    Operator {
        accounts() -> Vec<AccountSummary>;
        revoke_invite(code_hash: &Hash) -> bool;
        all_sessions(lifetime: &Lifetime, now: Millis) -> Vec<(AccountId, StoredSession)>;
        end_sessions(account: AccountId, now: Millis) -> u64;
    }
}

forward! {
    Transfer {
        account_after(after: Option<AccountId>) -> Option<StoredAccount>;
        invites() -> Vec<StoredInvite>;
        upsert_account(account: &StoredAccount) -> ();
        insert_entries(account: AccountId, entries: &[StoredVersion]) -> ();
        upsert_invite(invite: &StoredInvite) -> ();
    }
}
