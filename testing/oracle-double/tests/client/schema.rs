//! A schema and blocks of the shape that a server with versioned entries needs, all at once.

use oracle::sql_type::OracleType;
use oracle::{Connection, Statement};

use crate::support::{connect, number, ora, run};

const TABLES: &[&str] = &[
    "CREATE TABLE server (
        only_row NUMBER(1) DEFAULT 1 NOT NULL, key_fingerprint RAW(32) NOT NULL,
        CONSTRAINT server_pk PRIMARY KEY (only_row), CONSTRAINT server_one CHECK (only_row = 1))",
    "CREATE TABLE accounts (
        id RAW(16) NOT NULL, login VARCHAR2(64 CHAR) NOT NULL, record BLOB NOT NULL, epoch NUMBER(10) NOT NULL,
        change_no NUMBER(19) NOT NULL, entries NUMBER(10) NOT NULL, created_at NUMBER(19) NOT NULL,
        CONSTRAINT accounts_pk PRIMARY KEY (id), CONSTRAINT accounts_login UNIQUE (login),
        CONSTRAINT accounts_id CHECK (LENGTH(id) = 32))",
    "CREATE TABLE passwords (
        account_id RAW(16) NOT NULL, id RAW(16) NOT NULL, version NUMBER(10) NOT NULL, change_no NUMBER(19) NOT NULL,
        sealed BLOB, deleted_at NUMBER(19), changed_at NUMBER(19) NOT NULL,
        CONSTRAINT passwords_pk PRIMARY KEY (account_id, id),
        CONSTRAINT passwords_change UNIQUE (account_id, change_no),
        CONSTRAINT passwords_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
        CONSTRAINT passwords_gone CHECK ((sealed IS NULL AND deleted_at IS NOT NULL)
                                      OR (sealed IS NOT NULL AND deleted_at IS NULL)))
     LOB (sealed) STORE AS SECUREFILE (ENABLE STORAGE IN ROW)",
    "CREATE TABLE sessions (
        token_hash RAW(32) NOT NULL, account_id RAW(16) NOT NULL, created_at NUMBER(19) NOT NULL,
        used_at NUMBER(19) NOT NULL,
        CONSTRAINT sessions_pk PRIMARY KEY (token_hash),
        CONSTRAINT sessions_account FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE)",
    "CREATE INDEX sessions_of_account ON sessions (account_id)",
];

const PUT: &str = "BEGIN
    SELECT change_no + 1, entries INTO :change_no, :entries FROM accounts WHERE id = :account FOR UPDATE;
    UPDATE passwords SET version = version + 1, change_no = :change_no, sealed = :sealed, deleted_at = NULL,
           changed_at = :now
     WHERE account_id = :account AND id = :id AND version = :replaces;
    IF SQL%ROWCOUNT = 0 AND :replaces = 0 THEN
        INSERT INTO passwords (account_id, id, version, change_no, sealed, changed_at)
        VALUES (:account, :id, 1, :change_no, :sealed, :now);
    END IF;
    :written := SQL%ROWCOUNT;
    IF :written = 1 THEN
        UPDATE accounts SET change_no = :change_no, entries = entries + CASE WHEN :replaces = 0 THEN 1 ELSE 0 END
         WHERE id = :account;
        COMMIT;
    ELSE
        ROLLBACK;
    END IF;
EXCEPTION
    WHEN DUP_VAL_ON_INDEX THEN
        ROLLBACK;
        :written := 0;
END;";

fn put(db: &Connection, id: u8, replaces: i64, sealed: &[u8]) -> oracle::Result<(i64, i64)> {
    let mut block: Statement = db.statement(PUT).build()?;
    block.execute_named(&[
        ("account", &vec![1u8; 16]),
        ("id", &vec![id; 16]),
        ("replaces", &replaces),
        ("sealed", &sealed),
        ("now", &1_800_000_000_000i64),
        ("change_no", &OracleType::Int64),
        ("entries", &OracleType::Int64),
        ("written", &OracleType::Int64),
    ])?;
    Ok((block.bind_value("written")?, block.bind_value("change_no")?))
}

#[test]
fn a_schema_of_versioned_entries() {
    for service in ["v19_schema", "v23_schema"] {
        let db = connect(service);
        run(&db, TABLES);
        for table in TABLES {
            assert_eq!(ora(db.execute(table, &[])), 955);
        }
        db.execute("INSERT INTO server (key_fingerprint) VALUES (:1)", &[&vec![3u8; 32]]).unwrap();
        assert_eq!(ora(db.execute("INSERT INTO server VALUES (2, :1)", &[&vec![3u8; 32]])), 2290);
        let record = vec![5u8; 192];
        db.execute(
            "INSERT INTO accounts (id, login, record, epoch, change_no, entries, created_at)
             SELECT :id, :login, HEXTORAW('05'), 0, 0, 0, :now FROM dual
              WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE login = 'nobody')",
            &[&vec![1u8; 16], &"ada", &5i64],
        )
        .unwrap();
        db.execute("UPDATE accounts SET record = :1 WHERE id = :2", &[&record, &vec![1u8; 16]]).unwrap();
        let again = "INSERT INTO accounts VALUES (:1, 'ada', :2, 0, 0, 0, 0)";
        assert_eq!(ora(db.execute(again, &[&vec![2u8; 16], &record])), 1);
        assert_eq!(ora(db.execute(again, &[&vec![2u8; 15], &record])), 2290);
        db.commit().unwrap();

        let large = vec![7u8; 100_000];
        assert_eq!(put(&db, 9, 0, &[1, 2, 3]).unwrap(), (1, 1));
        assert_eq!(put(&db, 9, 0, &[1, 2, 3]).unwrap().0, 0);
        assert_eq!(put(&db, 9, 1, &large).unwrap(), (1, 2));
        assert_eq!(put(&db, 9, 1, &large).unwrap().0, 0);
        assert_eq!(put(&db, 8, 0, &large).unwrap(), (1, 3));
        assert_eq!(number(&db, "SELECT entries FROM accounts"), 2);

        type Row = (Vec<u8>, u32, i64, Option<Vec<u8>>, Option<i64>);
        let changes = db
            .query_as_named::<Row>(
                "SELECT p.id, p.version, p.change_no, p.sealed, p.deleted_at
                   FROM passwords p WHERE p.account_id = :account AND p.change_no > :since
                  ORDER BY p.change_no FETCH FIRST :limit ROWS ONLY",
                &[("account", &vec![1u8; 16]), ("since", &0), ("limit", &10)],
            )
            .unwrap();
        let changes: Vec<_> = changes.map(Result::unwrap).collect();
        assert_eq!(changes.len(), 2);
        assert_eq!((changes[0].1, changes[0].2, changes[0].3.as_deref()), (2, 2, Some(&large[..])));

        db.execute("INSERT INTO sessions VALUES (:1, :2, 1, 1)", &[&vec![4u8; 32], &vec![1u8; 16]]).unwrap();
        let touched = db
            .execute(
                "UPDATE sessions SET used_at = GREATEST(used_at, :1) WHERE token_hash = :2",
                &[&60, &vec![4u8; 32]],
            )
            .unwrap();
        assert_eq!(touched.row_count().unwrap(), 1);
        let gone = db.execute("DELETE FROM sessions WHERE used_at <= :1 OR created_at <= :2", &[&10, &0]).unwrap();
        assert_eq!(gone.row_count().unwrap(), 0);
        run(&db, &["DELETE FROM accounts"]);
        db.commit().unwrap();
        assert_eq!(
            number(&db, "SELECT (SELECT COUNT(*) FROM passwords) + (SELECT COUNT(*) FROM sessions) FROM dual"),
            0
        );
        assert_eq!(ora(put(&db, 9, 0, &[1])), 1403);
    }
}
