//! Every statement of this driver, in the SQL of 19c. A test parses each with an Oracle grammar.
//!
//! Times and counts are NUMBERs: milliseconds since 1970 (UTC), which no session's time zone can shift. Empty values
//! are never stored, because Oracle takes '' for NULL. Lengths of text are declared in characters. Every statement about
//! entries names the account.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*
        /// Every statement with its name, for tests.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $sql)),*];
    };
}

/// Migration `n` (from 1) leads from schema version `n - 1` to `n`. A migration that has been released is never changed.
///
/// An interrupted migration runs again, and skips what exists.
pub(super) const MIGRATIONS: &[&[&str]] = &[FIRST_RELEASE, PASSKEYS, COMMENTS, HEADS];

const FIRST_RELEASE: &[&str] = &[
    "CREATE TABLE server (
        only_row NUMBER(1) CONSTRAINT server_pk PRIMARY KEY CONSTRAINT server_one CHECK (only_row = 1),
        key_fingerprint RAW(32) NOT NULL
    )",
    "CREATE TABLE accounts (
        id RAW(16) CONSTRAINT accounts_pk PRIMARY KEY,
        login VARCHAR2(255 CHAR) NOT NULL CONSTRAINT accounts_login UNIQUE,
        passphrase_record RAW(2000) NOT NULL,
        passphrase_key RAW(2000) NOT NULL,
        recovery_record RAW(2000) NOT NULL,
        recovery_key RAW(2000) NOT NULL,
        epoch NUMBER(10) NOT NULL,
        change_no NUMBER(19) NOT NULL,
        entries NUMBER(19) NOT NULL,
        created_at NUMBER(19) NOT NULL
    )",
    "CREATE TABLE passwords (
        account_id RAW(16) NOT NULL CONSTRAINT passwords_account REFERENCES accounts (id) ON DELETE CASCADE,
        id RAW(16) NOT NULL,
        version NUMBER(10) NOT NULL,
        change_no NUMBER(19) NOT NULL,
        sealed RAW(2000),
        sealed_large BLOB,
        deleted_at NUMBER(19),
        changed_at NUMBER(19) NOT NULL,
        CONSTRAINT passwords_pk PRIMARY KEY (account_id, id),
        CONSTRAINT passwords_change UNIQUE (account_id, change_no),
        CONSTRAINT passwords_gone CHECK (deleted_at IS NULL OR sealed IS NULL)
    )",
    "CREATE TABLE sessions (
        token_hash RAW(32) CONSTRAINT sessions_pk PRIMARY KEY,
        account_id RAW(16) NOT NULL CONSTRAINT sessions_account REFERENCES accounts (id) ON DELETE CASCADE,
        created_at NUMBER(19) NOT NULL,
        used_at NUMBER(19) NOT NULL
    )",
    "CREATE INDEX sessions_of_account ON sessions (account_id)",
    "CREATE TABLE invites (
        code_hash RAW(32) CONSTRAINT invites_pk PRIMARY KEY,
        expires_at NUMBER(19) NOT NULL,
        used_at NUMBER(19),
        setup NUMBER(1) NOT NULL
    )",
];

/// Passkeys, and names of devices.
const PASSKEYS: &[&str] = &[
    "ALTER TABLE sessions ADD device VARCHAR2(64 CHAR)",
    "CREATE TABLE passkeys (
        account_id RAW(16) NOT NULL CONSTRAINT passkeys_account REFERENCES accounts (id) ON DELETE CASCADE,
        id RAW(1023) NOT NULL,
        opaque_record RAW(2000) NOT NULL,
        wrapped_key RAW(2000) NOT NULL,
        created_at NUMBER(19) NOT NULL,
        used_at NUMBER(19),
        CONSTRAINT passkeys_pk PRIMARY KEY (account_id, id)
    )",
];

/// Explains the tables to a person who meets them in Oracle's own tools. A comment is replaced when it is set again.
const COMMENTS: &[&str] = &[
    "COMMENT ON TABLE schema_version IS 'One row is one step of this schema that was carried out'",
    "COMMENT ON COLUMN schema_version.version IS 'Number of the step, from 1'",
    "COMMENT ON TABLE server IS 'One row says which server key this database belongs to'",
    "COMMENT ON COLUMN server.only_row IS 'Always 1'",
    "COMMENT ON COLUMN server.key_fingerprint IS 'Fingerprint of the server key. The key itself is never in the \
        database'",
    "COMMENT ON TABLE accounts IS 'One row is one account, the owner of a vault. Its entries are in PASSWORDS'",
    "COMMENT ON COLUMN accounts.id IS 'Id of the account'",
    "COMMENT ON COLUMN accounts.login IS 'Username, in lower case'",
    "COMMENT ON COLUMN accounts.passphrase_record IS 'OPAQUE record that checks the passphrase at log-in; the \
        passphrase cannot be read from it'",
    "COMMENT ON COLUMN accounts.passphrase_key IS 'Key of the vault, encrypted with the passphrase'",
    "COMMENT ON COLUMN accounts.recovery_record IS 'OPAQUE record that checks the recovery code'",
    "COMMENT ON COLUMN accounts.recovery_key IS 'Key of the vault, encrypted with the recovery code'",
    "COMMENT ON COLUMN accounts.epoch IS 'Number of times that passphrase, recovery code or passkeys were changed'",
    "COMMENT ON COLUMN accounts.change_no IS 'Number of changes to entries so far; the newest is the row of PASSWORDS \
        with this CHANGE_NO'",
    "COMMENT ON COLUMN accounts.entries IS 'Number of entries that are not deleted'",
    "COMMENT ON COLUMN accounts.created_at IS 'Time of creation, in milliseconds since 1970 (UTC)'",
    "COMMENT ON TABLE passwords IS 'One row is one entry, sealed (encrypted) in the browser: its name, username, \
        password and notes are in SEALED, and SQL cannot read them. Open the vault in Passmint to see them, or export \
        them there as CSV or JSON'",
    "COMMENT ON COLUMN passwords.account_id IS 'The account that owns the entry: ACCOUNTS.ID'",
    "COMMENT ON COLUMN passwords.id IS 'Id of the entry, a UUIDv7: it begins with the time of creation'",
    "COMMENT ON COLUMN passwords.version IS 'Number of times that this entry was saved'",
    "COMMENT ON COLUMN passwords.change_no IS 'Number of its last change within the account'",
    "COMMENT ON COLUMN passwords.sealed IS 'The entry, encrypted with a key that neither server nor database ever \
        has. NULL if it is deleted or in SEALED_LARGE'",
    "COMMENT ON COLUMN passwords.sealed_large IS 'As SEALED, for an entry that is longer than 2000 bytes'",
    "COMMENT ON COLUMN passwords.deleted_at IS 'Time of deletion, in milliseconds since 1970 (UTC); NULL if it is not \
        deleted'",
    "COMMENT ON COLUMN passwords.changed_at IS 'Time of the last change, in milliseconds since 1970 (UTC)'",
    "COMMENT ON TABLE passkeys IS 'One row is one passkey that opens a vault'",
    "COMMENT ON COLUMN passkeys.account_id IS 'The account that it opens: ACCOUNTS.ID'",
    "COMMENT ON COLUMN passkeys.id IS 'Id of the passkey, as the browser names it'",
    "COMMENT ON COLUMN passkeys.opaque_record IS 'OPAQUE record that checks it at log-in'",
    "COMMENT ON COLUMN passkeys.wrapped_key IS 'Key of the vault, encrypted with the passkey'",
    "COMMENT ON COLUMN passkeys.created_at IS 'Time at which it was added, in milliseconds since 1970 (UTC)'",
    "COMMENT ON COLUMN passkeys.used_at IS 'Time of the last log-in with it, in milliseconds since 1970 (UTC); NULL \
        if there was none'",
    "COMMENT ON TABLE sessions IS 'One row is one log-in'",
    "COMMENT ON COLUMN sessions.token_hash IS 'Hash of the token that the browser sends; the token cannot be read \
        from it'",
    "COMMENT ON COLUMN sessions.account_id IS 'The account that is logged in: ACCOUNTS.ID'",
    "COMMENT ON COLUMN sessions.created_at IS 'Time of the log-in, in milliseconds since 1970 (UTC)'",
    "COMMENT ON COLUMN sessions.used_at IS 'Time of the last use, to the minute, in milliseconds since 1970 (UTC)'",
    "COMMENT ON COLUMN sessions.device IS 'Browser and system, as the page calls them; NULL if it did not'",
    "COMMENT ON TABLE invites IS 'One row is one link with which an account can be made'",
    "COMMENT ON COLUMN invites.code_hash IS 'Hash of the code in the link; the code cannot be read from it'",
    "COMMENT ON COLUMN invites.expires_at IS 'Time at which the link ends, in milliseconds since 1970 (UTC)'",
    "COMMENT ON COLUMN invites.used_at IS 'Time at which an account was made with it, in milliseconds since 1970 \
        (UTC); NULL if none was'",
    "COMMENT ON COLUMN invites.setup IS '1 for the link that the first start prints, 0 for an invite'",
];

/// Sealed deletions, heads, numbers of vault keys and suites, verified passkeys, changes of credentials, and ended
/// sessions.
const HEADS: &[&str] = &[
    "ALTER TABLE passwords ADD sealed_deletion RAW(2000)",
    "ALTER TABLE accounts ADD passphrase_suite NUMBER(3) DEFAULT 1 NOT NULL",
    "ALTER TABLE accounts ADD recovery_suite NUMBER(3) DEFAULT 1 NOT NULL",
    "ALTER TABLE accounts ADD key_no NUMBER(10) DEFAULT 0 NOT NULL",
    "ALTER TABLE accounts ADD earlier_keys RAW(2000)",
    "ALTER TABLE accounts ADD head RAW(2000)",
    "ALTER TABLE accounts ADD invite_hash RAW(32)",
    "ALTER TABLE passkeys ADD suite NUMBER(3) DEFAULT 1 NOT NULL",
    "ALTER TABLE passkeys ADD verifier RAW(2000)",
    "ALTER TABLE passkeys ADD origin VARCHAR2(512 CHAR)",
    "ALTER TABLE sessions ADD ended_at NUMBER(19)",
    "CREATE TABLE credential_changes (
        account_id RAW(16) NOT NULL CONSTRAINT credential_changes_account REFERENCES accounts (id) ON DELETE CASCADE,
        change_no NUMBER(19) NOT NULL,
        changed_at NUMBER(19) NOT NULL,
        kind VARCHAR2(32 CHAR) NOT NULL,
        device VARCHAR2(64 CHAR),
        address VARCHAR2(64 CHAR),
        CONSTRAINT credential_changes_pk PRIMARY KEY (account_id, change_no)
    )",
    "COMMENT ON COLUMN passwords.version IS 'Number of its newest version. Versions rise, and may leave numbers out'",
    "COMMENT ON COLUMN passwords.sealed_deletion IS 'The deletion, encrypted like an entry: nobody but the owner can \
        make one. NULL if the entry is not deleted, or was deleted by an older Passmint'",
    "COMMENT ON COLUMN accounts.passphrase_suite IS 'Number of the procedure that made PASSPHRASE_RECORD'",
    "COMMENT ON COLUMN accounts.recovery_suite IS 'Number of the procedure that made RECOVERY_RECORD'",
    "COMMENT ON COLUMN accounts.key_no IS 'Number of the key of the vault; 0 until the owner makes a new one with a \
        newer Passmint'",
    "COMMENT ON COLUMN accounts.earlier_keys IS 'Earlier keys of the vault, encrypted with the present one'",
    "COMMENT ON COLUMN accounts.head IS 'Summary of all entries, encrypted: with it, the browser notices an entry that \
        was left out or put back. NULL until there is a numbered key'",
    "COMMENT ON COLUMN accounts.invite_hash IS 'The invite that the account was made with: INVITES.CODE_HASH'",
    "COMMENT ON COLUMN passkeys.suite IS 'Number of the procedure that made OPAQUE_RECORD'",
    "COMMENT ON COLUMN passkeys.verifier IS 'Public key of the passkey, and the counter of its signatures. NULL if it \
        was added by an older Passmint'",
    "COMMENT ON COLUMN passkeys.origin IS 'Address of the page on which the passkey was added'",
    "COMMENT ON COLUMN sessions.ended_at IS 'Time at which it was ended, in milliseconds since 1970 (UTC); NULL if it \
        was not. The row is removed some minutes later'",
    "COMMENT ON TABLE credential_changes IS 'One row is one change of the secrets that open a vault; the newest 50 of \
        each account are stored'",
    "COMMENT ON COLUMN credential_changes.account_id IS 'The account: ACCOUNTS.ID'",
    "COMMENT ON COLUMN credential_changes.change_no IS 'Number of the change within the account, from 1'",
    "COMMENT ON COLUMN credential_changes.changed_at IS 'Time of the change, in milliseconds since 1970 (UTC)'",
    "COMMENT ON COLUMN credential_changes.kind IS 'Kind of the change: passphrase, recovery, passkey-added, \
        passkey-removed or vault-key'",
    "COMMENT ON COLUMN credential_changes.device IS 'Browser and system from which it was made; NULL if not known'",
    "COMMENT ON COLUMN credential_changes.address IS 'Network address from which it was made; NULL if not known'",
];

/// The capacity of a `RAW` column, in bytes. Longer entries, which are few, go into the `BLOB` beside it: lists fetch
/// many rows in one round trip only while they fetch no `BLOB`.
pub(super) const RAW_MAX: usize = 2000;

statements! {
    SCHEMA_TABLE = "CREATE TABLE schema_version (version NUMBER(10) CONSTRAINT schema_version_pk PRIMARY KEY)";
    SCHEMA_VERSION = "SELECT MAX(version) FROM schema_version";
    MIGRATION_DONE = "INSERT INTO schema_version (version) VALUES (:version)";

    /// Changes nothing, but fails where writing is impossible.
    TRY_WRITING = "UPDATE server SET only_row = only_row WHERE only_row = 1";
    ANY_ACCOUNT = "SELECT id FROM accounts FETCH FIRST 1 ROWS ONLY";
    BOUND_KEY = "SELECT key_fingerprint FROM server WHERE only_row = 1";
    BIND_KEY = "INSERT INTO server (only_row, key_fingerprint) VALUES (1, :fingerprint)";
    /// Serialises the making of accounts.
    LOCK_SERVER = "SELECT only_row FROM server WHERE only_row = 1 FOR UPDATE";

    ADD_INVITE = "INSERT INTO invites (code_hash, expires_at, setup) VALUES (:code_hash, :expires_at, :setup)";
    INVITE = "SELECT expires_at, used_at, setup FROM invites WHERE code_hash = :code_hash";
    LOCK_INVITE = "SELECT expires_at, used_at, setup FROM invites WHERE code_hash = :code_hash FOR UPDATE";
    USE_INVITE = "UPDATE invites SET used_at = :now WHERE code_hash = :code_hash";
    REVOKE_INVITE = "DELETE FROM invites WHERE code_hash = :code_hash AND used_at IS NULL";

    SAME_ACCOUNT = "SELECT id FROM accounts WHERE id = :id AND login = :login AND passphrase_record = :record
        AND invite_hash = :invite_hash";
    ADD_ACCOUNT = "INSERT INTO accounts (id, login, passphrase_record, passphrase_key, passphrase_suite,
            recovery_record, recovery_key, recovery_suite, epoch, change_no, entries, created_at, key_no, earlier_keys,
            head, invite_hash)
        VALUES (:id, :login, :passphrase_record, :passphrase_key, :passphrase_suite, :recovery_record, :recovery_key,
            :recovery_suite, :epoch, :change_no, :entries, :created_at, :key_no, :earlier_keys, :head, :invite_hash)";
    PASSPHRASE = "SELECT id, epoch, passphrase_record, passphrase_key, passphrase_suite FROM accounts
        WHERE login = :login";
    RECOVERY = "SELECT id, epoch, recovery_record, recovery_key, recovery_suite FROM accounts WHERE login = :login";
    PASSKEY = "SELECT a.id, a.epoch, p.opaque_record, p.wrapped_key, p.suite, p.verifier, p.origin
        FROM accounts a, passkeys p WHERE p.account_id = a.id AND a.login = :login AND p.id = :passkey";
    VERIFIER = "SELECT verifier, origin FROM passkeys WHERE account_id = :account AND id = :passkey";
    USERNAME = "SELECT login FROM accounts WHERE id = :account";
    DELETE_ENTRIES = "DELETE FROM passwords WHERE account_id = :account AND change_no <= :upto";
    /// `ON DELETE CASCADE` deletes every row that refers to the account.
    DELETE_ACCOUNT = "DELETE FROM accounts WHERE id = :account";

    /// Taken before a secret is changed, or a session is opened with one.
    LOCK_EPOCH = "SELECT epoch FROM accounts WHERE id = :account FOR UPDATE";
    RAISE_EPOCH = "UPDATE accounts SET epoch = epoch + 1 WHERE id = :account";
    SESSION_OF = "SELECT account_id, device FROM sessions
        WHERE token_hash = :token_hash AND account_id = :account AND ended_at IS NULL";
    OWN_PASSPHRASE = "SELECT passphrase_record, passphrase_key, passphrase_suite FROM accounts WHERE id = :account";
    OWN_RECOVERY = "SELECT recovery_record, recovery_key, recovery_suite FROM accounts WHERE id = :account";
    OWN_PASSKEY = "SELECT opaque_record, wrapped_key, suite FROM passkeys
        WHERE account_id = :account AND id = :passkey";
    SET_PASSPHRASE = "UPDATE accounts SET passphrase_record = :record, passphrase_key = :wrapped_key,
            passphrase_suite = :suite, epoch = epoch + 1
        WHERE id = :account";
    SET_RECOVERY = "UPDATE accounts SET recovery_record = :record, recovery_key = :wrapped_key,
            recovery_suite = :suite, epoch = epoch + 1
        WHERE id = :account";
    KEYS = "SELECT key_no, earlier_keys, head FROM accounts WHERE id = :account";
    SET_VAULT_KEY = "UPDATE accounts SET passphrase_record = :passphrase_record, passphrase_key = :passphrase_key,
            passphrase_suite = :passphrase_suite, recovery_record = :recovery_record, recovery_key = :recovery_key,
            recovery_suite = :recovery_suite, key_no = :key_no, earlier_keys = :earlier_keys, head = :head,
            epoch = epoch + 1
        WHERE id = :account";
    LAST_CREDENTIAL_CHANGE = "SELECT MAX(change_no) FROM credential_changes WHERE account_id = :account";
    ADD_CREDENTIAL_CHANGE = "INSERT INTO credential_changes (account_id, change_no, changed_at, kind, device, address)
        VALUES (:account, :change_no, :changed_at, :kind, :device, :address)";
    CREDENTIAL_CHANGES = "SELECT change_no, changed_at, kind, device, address FROM credential_changes
        WHERE account_id = :account ORDER BY change_no";
    REMOVE_CREDENTIAL_CHANGES = "DELETE FROM credential_changes WHERE account_id = :account AND change_no <= :upto";
    COUNT_PASSKEYS = "SELECT COUNT(*) FROM passkeys WHERE account_id = :account";
    ADD_PASSKEY = "INSERT INTO passkeys (account_id, id, opaque_record, wrapped_key, suite, created_at, used_at,
            verifier, origin)
        VALUES (:account, :passkey, :record, :wrapped_key, :suite, :created_at, :used_at, :verifier, :origin)";
    ALL_PASSKEYS = "SELECT id, opaque_record, wrapped_key, suite, created_at, used_at, verifier, origin FROM passkeys
        WHERE account_id = :account ORDER BY id";
    REMOVE_PASSKEY = "DELETE FROM passkeys WHERE account_id = :account AND id = :passkey";
    REMOVE_PASSKEYS = "DELETE FROM passkeys WHERE account_id = :account";
    TOUCH_PASSKEY = "UPDATE passkeys SET used_at = :now WHERE account_id = :account AND id = :passkey";
    COUNT_SIGNATURE = "UPDATE passkeys SET verifier = :verifier WHERE account_id = :account AND id = :passkey";

    CLEAR_SESSIONS = "DELETE FROM sessions
        WHERE created_at <= :repeatable AND (used_at <= :idle OR created_at <= :oldest OR ended_at IS NOT NULL)";
    ADD_SESSION = "INSERT INTO sessions (token_hash, account_id, created_at, used_at, device)
        VALUES (:token_hash, :account, :now, :now, :device)";
    SESSION = "SELECT account_id, created_at, used_at FROM sessions
        WHERE token_hash = :token_hash AND used_at > :idle AND created_at > :oldest AND ended_at IS NULL";
    SESSIONS = "SELECT token_hash, device, created_at, used_at FROM sessions
        WHERE account_id = :account AND used_at > :idle AND created_at > :oldest AND ended_at IS NULL
        ORDER BY used_at DESC, created_at DESC";
    /// Never backwards: of two processes whose clocks differ, the later use counts.
    TOUCH_SESSION = "UPDATE sessions SET used_at = :now WHERE token_hash = :token_hash AND used_at < :now";
    END_SESSION = "UPDATE sessions SET ended_at = :now WHERE token_hash = :token_hash AND ended_at IS NULL";
    END_LISTED = "UPDATE sessions SET ended_at = :now
        WHERE account_id = :account AND token_hash >= :lowest AND token_hash <= :highest AND ended_at IS NULL";
    END_OTHERS = "UPDATE sessions SET ended_at = :now
        WHERE account_id = :account AND token_hash <> :token_hash AND ended_at IS NULL";

    /// The account's head and the changes asked for, in one statement and so from one snapshot. An account without changes
    /// is one row with NULLs. The client library does not transmit the head again for each row.
    LIST_CHANGES = "SELECT a.head, p.id, p.version, p.change_no, p.changed_at, p.deleted_at, p.sealed,
            p.sealed_deletion
        FROM accounts a LEFT JOIN passwords p ON p.account_id = a.id AND p.change_no > :since
        WHERE a.id = :account ORDER BY p.change_no FETCH FIRST :wanted ROWS ONLY";
    LOCK_STATE = "SELECT change_no, entries, key_no, head FROM accounts WHERE id = :account FOR UPDATE";
    /// The versions of 20 entries. A list of another length repeats an id.
    VERSIONS = "SELECT id, version, deleted_at FROM passwords WHERE account_id = :account AND (id = :e0 OR id = :e1
        OR id = :e2 OR id = :e3 OR id = :e4 OR id = :e5 OR id = :e6 OR id = :e7 OR id = :e8 OR id = :e9 OR id = :e10
        OR id = :e11 OR id = :e12 OR id = :e13 OR id = :e14 OR id = :e15 OR id = :e16 OR id = :e17 OR id = :e18
        OR id = :e19)";
    TIME_OF_CHANGE = "SELECT changed_at FROM passwords WHERE account_id = :account AND change_no = :change_no";
    ONE_ENTRY = "SELECT id, version, change_no, changed_at, deleted_at, sealed, sealed_deletion FROM passwords
        WHERE account_id = :account AND id = :entry";
    SET_STATE = "UPDATE accounts SET change_no = :change_no, entries = :entries, head = :head WHERE id = :account";
    NEW_ROW = "INSERT INTO passwords (account_id, id, version, change_no, changed_at, deleted_at, sealed,
            sealed_deletion)
        VALUES (:account, :entry, :version, :change_no, :now, :deleted_at, :sealed, :deletion)";
    NEW_LARGE_ROW = "INSERT INTO passwords (account_id, id, version, change_no, changed_at, sealed_large)
        VALUES (:account, :entry, :version, :change_no, :now, :sealed)";
    NEXT_ROW = "UPDATE passwords SET version = :version, change_no = :change_no, changed_at = :now,
            deleted_at = :deleted_at, sealed = :sealed, sealed_deletion = :deletion, sealed_large = NULL
        WHERE account_id = :account AND id = :entry";
    NEXT_LARGE_ROW = "UPDATE passwords SET version = :version, change_no = :change_no, changed_at = :now,
            deleted_at = NULL, sealed = NULL, sealed_deletion = NULL, sealed_large = :sealed
        WHERE account_id = :account AND id = :entry";

    /// The most frequent save in one round trip: one new entry that is not large, in an account that is not full. Leaves
    /// `change_no` NULL if there is no such account, it is full, or it has another head or vault key.
    SAVE_ONE = "BEGIN
        UPDATE accounts SET change_no = change_no + 1, entries = entries + 1, head = :head
            WHERE id = :account AND entries < :most AND key_no = :key_no AND head = :replaces
            RETURNING change_no INTO :change_no;
        IF SQL%ROWCOUNT = 1 THEN
            INSERT INTO passwords (account_id, id, version, change_no, changed_at, sealed)
                VALUES (:account, :entry, :version, :change_no, :now, :sealed);
            COMMIT;
        END IF;
        END;";

    LARGE = "SELECT version, sealed_large FROM passwords WHERE account_id = :account AND id = :entry";
    LOCK_ACCOUNT = "SELECT change_no, entries FROM accounts WHERE id = :account FOR UPDATE";


    FIRST_ACCOUNT = "SELECT id, login, passphrase_record, passphrase_key, passphrase_suite, recovery_record, recovery_key,
            recovery_suite, epoch, change_no, entries, created_at, key_no, earlier_keys, head, invite_hash
        FROM accounts ORDER BY id FETCH FIRST 1 ROWS ONLY";
    NEXT_ACCOUNT = "SELECT id, login, passphrase_record, passphrase_key, passphrase_suite, recovery_record, recovery_key,
            recovery_suite, epoch, change_no, entries, created_at, key_no, earlier_keys, head, invite_hash
        FROM accounts WHERE id > :id ORDER BY id FETCH FIRST 1 ROWS ONLY";
    UPDATE_ACCOUNT = "UPDATE accounts SET passphrase_record = :passphrase_record, passphrase_key = :passphrase_key,
            passphrase_suite = :passphrase_suite, recovery_record = :recovery_record, recovery_key = :recovery_key,
            recovery_suite = :recovery_suite, epoch = :epoch, change_no = :change_no, entries = :entries,
            created_at = :created_at, key_no = :key_no, earlier_keys = :earlier_keys, head = :head,
            invite_hash = :invite_hash
        WHERE id = :id AND login = :login";
    ALL_INVITES = "SELECT code_hash, expires_at, used_at, setup FROM invites ORDER BY code_hash";
    INSERT_INVITE = "INSERT INTO invites (code_hash, expires_at, used_at, setup)
        VALUES (:code_hash, :expires_at, :used_at, :setup)";
    ENTRIES_IN_RANGE = "SELECT id, version, change_no FROM passwords
        WHERE account_id = :account AND change_no >= :low AND change_no <= :high";
    INSERT_ENTRY = "INSERT INTO passwords (account_id, id, version, change_no, changed_at, deleted_at, sealed,
            sealed_deletion)
        VALUES (:1, :2, :3, :4, :5, :6, :7, :8)";
    INSERT_LARGE = "INSERT INTO passwords (account_id, id, version, change_no, changed_at, sealed_large)
        VALUES (:1, :2, :3, :4, :5, :6)";

    SESSION_CONTEXT = "SELECT sys_context('USERENV', 'SERVICE_NAME'), sys_context('USERENV', 'NETWORK_PROTOCOL')
        FROM dual";
    PRIVILEGES = "SELECT privilege FROM session_privs";
    QUOTA = "SELECT tablespace_name, bytes, max_bytes FROM user_ts_quotas";
    /// One row: accounts, their entries, and the last change of an entry. The newest change of each account is found by
    /// its number in an index, so that the time depends on the number of accounts only.
    ENTRIES_SUMMARY = "SELECT COUNT(*), SUM(a.entries), MAX(p.changed_at) FROM accounts a
        LEFT JOIN passwords p ON p.account_id = a.id AND p.change_no = a.change_no";
    ACCOUNTS = "SELECT a.id, a.login, a.created_at, a.entries, p.changed_at FROM accounts a
        LEFT JOIN passwords p ON p.account_id = a.id AND p.change_no = a.change_no ORDER BY a.login";
    PASSKEYS_OF_ALL = "SELECT account_id FROM passkeys";
    ALL_SESSIONS = "SELECT account_id, token_hash, device, created_at, used_at FROM sessions
        WHERE used_at > :idle AND created_at > :oldest AND ended_at IS NULL ORDER BY used_at DESC, created_at DESC";
    END_ALL_OF = "UPDATE sessions SET ended_at = :now WHERE account_id = :account AND ended_at IS NULL";
    /// Entries whose first byte is below or above those of the known formats. Those in SEALED_LARGE are left out: SQL
    /// compares no BLOBs.
    UNKNOWN_FORMATS = "SELECT account_id, id, sealed FROM passwords WHERE sealed < :lowest OR sealed >= :beyond
        ORDER BY account_id, id";
    PASSWORD_EXPIRY = "SELECT account_status, expiry_date FROM user_users";
    REMOVE_INVITE = "DELETE FROM invites WHERE code_hash = :code_hash";
}
