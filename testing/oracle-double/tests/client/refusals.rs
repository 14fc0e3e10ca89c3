//! Statements that Oracle refuses are refused with Oracle's numbers.

use crate::support::{connect, ora, refusal, run};

const TABLES: &[&str] = &[
    "CREATE TABLE p (id NUMBER(4), CONSTRAINT p_pk PRIMARY KEY (id))",
    "CREATE TABLE t (
        id NUMBER(4) NOT NULL, name VARCHAR2(4 CHAR), code VARCHAR2(4), bytes RAW(4), p_id NUMBER(4),
        gone_at NUMBER(19), sealed BLOB,
        CONSTRAINT t_pk PRIMARY KEY (id),
        CONSTRAINT t_uk UNIQUE (name, code),
        CONSTRAINT t_fk FOREIGN KEY (p_id) REFERENCES p (id),
        CONSTRAINT t_ck CHECK (CASE WHEN sealed IS NULL THEN 1 ELSE 0 END = CASE WHEN gone_at IS NULL THEN 0 ELSE 1 END),
        CONSTRAINT t_len CHECK (LENGTH(bytes) >= 4 AND id >= 0))",
    "INSERT INTO p VALUES (1)",
    "INSERT INTO t (id, name, code, p_id, gone_at) VALUES (1, 'a', 'b', 1, 5)",
];

#[test]
fn violated_constraints_have_oracles_numbers() {
    let db = connect("refuse_constraints");
    run(&db, TABLES);
    let error = db.execute("INSERT INTO t (id, gone_at) VALUES (1, 5)", &[]).err().unwrap();
    assert_eq!(error.oci_code(), Some(1));
    assert!(error.to_string().contains("PASSMINT.T_PK"), "{error}");
    let error = db.execute("INSERT INTO t (id, name, code, gone_at) VALUES (2, 'a', 'b', 5)", &[]).err().unwrap();
    assert!(error.to_string().contains("PASSMINT.T_UK"), "{error}");
    let error = db.execute("INSERT INTO t (id, sealed, gone_at) VALUES (2, :1, 5)", &[&vec![1u8]]).err().unwrap();
    assert!(error.to_string().contains("ORA-02290") && error.to_string().contains("PASSMINT.T_CK"), "{error}");
    for (sql, code) in [
        ("INSERT INTO t (id) VALUES (NULL)", 1400),
        ("INSERT INTO t (name) VALUES ('x')", 1400),
        ("UPDATE t SET id = NULL", 1407),
        ("INSERT INTO p VALUES ('')", 1400),
        ("INSERT INTO t (id) VALUES (2)", 2290),
        ("INSERT INTO t (id, gone_at) VALUES (-1, 5)", 2290),
        ("INSERT INTO t (id, gone_at, bytes) VALUES (2, 5, HEXTORAW('aa'))", 2290),
        ("INSERT INTO t (id, gone_at, p_id) VALUES (2, 5, 7)", 2291),
        ("UPDATE t SET p_id = 7", 2291),
        ("DELETE FROM p", 2292),
        ("UPDATE p SET id = 2", 2292),
        ("INSERT INTO t (id, gone_at) VALUES (10000, 5)", 1438),
        ("UPDATE t SET id = id + 9999", 1438),
        ("INSERT INTO t (id, gone_at, name) VALUES (2, 5, 'abcde')", 12899),
        ("INSERT INTO t (id, gone_at, code) VALUES (2, 5, '日本')", 12899),
        ("INSERT INTO t (id, gone_at, bytes) VALUES (2, 5, HEXTORAW('0102030405'))", 12899),
        ("INSERT INTO t (id, gone_at, bytes) VALUES (2, 5, 'xyz')", 1465),
        ("INSERT INTO t (id, gone_at) VALUES ('abc', 5)", 1722),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
    // Four characters, twelve bytes.
    run(&db, &["INSERT INTO t (id, gone_at, name, bytes) VALUES (2, 5, '日本日本', HEXTORAW('aabb'))"]);
}

#[test]
fn statements_that_only_sqlite_knows_are_refused() {
    let db = connect("v19_refuse_sqlite");
    run(&db, TABLES);
    for (sql, code) in [
        ("REPLACE INTO p VALUES (1)", 900),
        ("PRAGMA user_version", 900),
        ("VACUUM", 900),
        ("nonsense", 900),
        ("", 900),
        ("CREATE TABLE x (id TEXT)", 902),
        ("CREATE TABLE x (id BOOLEAN)", 902),
        ("CREATE TABLE x (id INTEGER PRIMARY KEY AUTOINCREMENT)", 907),
        ("CREATE TABLE x (id NUMBER(1)) STRICT", 922),
        ("CREATE TABLE x (id NUMBER(1)) WITHOUT ROWID", 922),
        ("CREATE TABLE x (id VARCHAR2)", 906),
        ("CREATE TABLE x (id VARCHAR2(4001))", 910),
        ("CREATE TABLE x (id RAW(2001))", 910),
        ("CREATE TABLE x (date NUMBER(1))", 904),
        ("CREATE TABLE x (comment NUMBER(1))", 904),
        ("CREATE TABLE IF NOT EXISTS x (id NUMBER(1))", 922),
        ("CREATE TABLE p (id NUMBER(1))", 955),
        ("CREATE INDEX t_i ON t (id)", 1408),
        ("SELECT id, name AS n FROM t AS x", 933),
        ("SELECT id FROM t LIMIT 1", 933),
        ("DELETE FROM t WHERE id = 1 LIMIT 1", 933),
        ("INSERT INTO p VALUES (2) ON CONFLICT DO NOTHING", 933),
        ("INSERT INTO p VALUES (2), (3)", 933),
        ("INSERT OR IGNORE INTO p VALUES (2)", 925),
        ("SELECT 1", 923),
        ("SELECT id IS NULL FROM t", 923),
        ("SELECT id = 1 FROM t", 923),
        ("SELECT id FROM t;", 911),
        ("INSERT INTO p VALUES (2);", 911),
        ("SELECT id FROM t WHERE id = ?", 911),
        ("SELECT datetime('now') FROM dual", 904),
        ("SELECT last_insert_rowid() FROM dual", 904),
        ("SELECT nothing FROM t", 904),
        ("SELECT x.nothing FROM t x", 904),
        ("INSERT INTO t (nothing) VALUES (1)", 904),
        ("UPDATE t SET nothing = 1", 904),
        ("SELECT 1 FROM nowhere", 942),
        ("INSERT INTO nowhere VALUES (1)", 942),
        ("DROP TABLE nowhere", 942),
        ("DROP INDEX nowhere", 1418),
        ("DROP TABLE p", 2449),
        ("INSERT INTO t VALUES (1)", 947),
        ("INSERT INTO t (id, name) VALUES (1)", 947),
        ("INSERT INTO p (id) VALUES (1, 2)", 913),
        ("SELECT id FROM t WHERE name IS NOT DISTINCT FROM 'x'", 908),
        ("SELECT id FROM t WHERE (name IS NULL) = (code IS NULL)", 907),
        ("SELECT id FROM t WHERE id", 920),
        ("SELECT id FROM t a, t b", 918),
        ("SELECT 'x FROM dual", 1756),
        ("UPDATE t name = 'x'", 971),
        ("SELECT FROM t", 936),
        ("SELECT TRUE FROM dual", 904),
        ("ALTER TABLE t ADD (id NUMBER(1))", 1430),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
}

#[test]
fn unsupported_uses_of_lobs_and_locks_are_refused() {
    let db = connect("refuse_lobs");
    run(&db, TABLES);
    for (sql, code) in [
        ("SELECT id FROM t WHERE sealed = HEXTORAW('01')", 932),
        ("SELECT id FROM t WHERE t.sealed <> HEXTORAW('01')", 932),
        ("SELECT id FROM t WHERE HEXTORAW('01') = sealed", 932),
        ("SELECT id FROM t WHERE sealed IN (HEXTORAW('01'))", 932),
        ("SELECT id FROM t ORDER BY sealed", 932),
        ("CREATE TABLE x (b BLOB PRIMARY KEY)", 2329),
        ("SELECT id FROM t FETCH FIRST 1 ROWS ONLY FOR UPDATE", 2014),
        ("SELECT DISTINCT id FROM t FOR UPDATE", 2014),
        ("SELECT COUNT(*) FROM t FOR UPDATE", 1786),
        ("SELECT id, COUNT(*) FROM t", 937),
        ("UPDATE t SET (name, code) = ('a', 'b')", 1767),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
    let long = vec![7u8; 4001];
    assert_eq!(ora(db.execute("INSERT INTO t (id, sealed) SELECT 9, :1 FROM dual", &[&long])), 1461);
    assert_eq!(ora(db.query("SELECT id FROM t WHERE DBMS_LOB.COMPARE(sealed, :1) = 0", &[&long]).map(drop)), 1461);
    db.execute("INSERT INTO t (id, sealed) VALUES (9, :1)", &[&long]).unwrap();
    db.execute("UPDATE t SET sealed = :1 WHERE id = 9", &[&long]).unwrap();
    let same = "SELECT id FROM t WHERE sealed IS NOT NULL AND DBMS_LOB.COMPARE(sealed, (SELECT sealed FROM t WHERE id = 9)) = 0";
    assert_eq!(crate::support::number(&db, same), 9);
}

#[test]
fn version_23_allows_what_19_refuses() {
    let db = connect("refuse_23");
    run(
        &db,
        &[
            "CREATE TABLE IF NOT EXISTS x (id NUMBER(1), ok BOOLEAN)",
            "CREATE TABLE IF NOT EXISTS x (id NUMBER(1))",
            "INSERT INTO x VALUES (1, TRUE), (2, FALSE)",
            "DROP TABLE IF EXISTS y",
        ],
    );
    assert_eq!(crate::support::number(&db, "SELECT 1"), 1);
    assert_eq!(refusal(&db, "SELECT 1 FROM"), 903);
    assert_eq!(refusal(&db, "SELECT 1 LIMIT 1"), 923);
}

#[test]
fn wrong_binds_have_oracles_numbers() {
    let db = connect("refuse_binds");
    run(&db, TABLES);
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[])), 1008);
    assert_eq!(ora(db.execute_named("UPDATE p SET id = :a WHERE id = :b", &[("a", &1)])), 1008);
    assert_eq!(ora(db.execute("INSERT INTO t (id, name, gone_at) VALUES (3, :1, 5)", &[&"abcde"])), 12899);
    assert_eq!(ora(db.execute("INSERT INTO t (id, bytes, gone_at) VALUES (3, :1, 5)", &[&vec![0u8; 5]])), 12899);
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[&""])), 1400);
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[&12345])), 1438);
    // Loud where Oracle does what the double cannot.
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[&1.5])), 3001);
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[&u64::MAX])), 1426);
    // A name that the statement does not have never reaches the library.
    assert!(db.execute_named("INSERT INTO p VALUES (:a)", &[("b", &1)]).is_err());
}
