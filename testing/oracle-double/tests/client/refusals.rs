//! Statements that Oracle refuses are refused with Oracle's numbers.

use crate::support::{connect, number, ora, refusal, run};

const TABLES: &[&str] = &[
    "CREATE TABLE p (id NUMBER(4), CONSTRAINT p_pk PRIMARY KEY (id))",
    "CREATE TABLE t (
        id NUMBER(4) NOT NULL, name VARCHAR2(4 CHAR), bytes RAW(4), p_id NUMBER(4), gone_at NUMBER(19), sealed BLOB,
        CONSTRAINT t_pk PRIMARY KEY (id),
        CONSTRAINT t_uk UNIQUE (name, p_id),
        CONSTRAINT t_fk FOREIGN KEY (p_id) REFERENCES p (id),
        CONSTRAINT t_ck CHECK (gone_at IS NULL OR sealed IS NULL))",
    "INSERT INTO p VALUES (1)",
    "INSERT INTO t (id, name, p_id, gone_at) VALUES (1, 'a', 1, 5)",
];

#[test]
fn violated_constraints_have_oracles_numbers() {
    let db = connect("refuse_constraints");
    run(&db, TABLES);
    for (sql, code) in [
        ("INSERT INTO t (id) VALUES (1)", 1),
        ("INSERT INTO t (id, name, p_id) VALUES (2, 'a', 1)", 1),
        ("INSERT INTO t (id) VALUES (NULL)", 1400),
        ("INSERT INTO t (name) VALUES ('x')", 1400),
        ("INSERT INTO p VALUES ('')", 1400),
        ("UPDATE t SET id = NULL", 1407),
        ("INSERT INTO t (id, p_id) VALUES (2, 7)", 2291),
        ("UPDATE t SET p_id = 7", 2291),
        ("DELETE FROM p", 2292),
        ("INSERT INTO t (id) VALUES (10000)", 1438),
        ("UPDATE t SET id = id + 9999", 1438),
        ("INSERT INTO t (id, name) VALUES (2, 'abcde')", 12899),
        ("INSERT INTO t (id, bytes) VALUES (2, 'xyz')", 1465),
        ("INSERT INTO t (id) VALUES ('abc')", 1722),
        ("UPDATE t SET sealed = 'x'", 932),
        ("UPDATE t SET gone_at = gone_at + 9223372036854775807", 3001),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
    assert_eq!(ora(db.execute("UPDATE t SET sealed = :1", &[&vec![1u8]])), 2290);
    assert_eq!(ora(db.execute("UPDATE t SET name = :1", &[&vec![1u8]])), 932);
    // Four characters, twelve bytes.
    run(&db, &["INSERT INTO t (id, name) VALUES (2, '日本日本')"]);
}

#[test]
fn statements_that_19c_does_not_know_are_refused() {
    let db = connect("v19_refuse_sqlite");
    run(&db, TABLES);
    for (sql, code) in [
        ("REPLACE INTO p VALUES (1)", 900),
        ("PRAGMA user_version", 900),
        ("nonsense", 900),
        ("", 900),
        ("CREATE TEMPORARY TABLE x (id NUMBER(1))", 901),
        ("CREATE TABLE x (id TEXT)", 902),
        ("CREATE TABLE x (id BOOLEAN)", 902),
        ("CREATE TABLE x (id NUMBER(1) PRIMARY KEY AUTOINCREMENT)", 907),
        ("CREATE TABLE x (id NUMBER(1) CONSTRAINT y)", 904),
        ("CREATE TABLE x (id NUMBER(1), CONSTRAINT y)", 904),
        ("CREATE TABLE x (id NUMBER(1) REFERENCES p (id) ON UPDATE CASCADE)", 905),
        ("CREATE TABLE x (id NUMBER(1)) STRICT", 922),
        ("CREATE TABLE x (id NUMBER(39))", 1727),
        ("CREATE TABLE x (id VARCHAR2)", 906),
        ("CREATE TABLE x (id VARCHAR2(4001 CHAR))", 910),
        ("CREATE TABLE x (id RAW(2001))", 910),
        ("CREATE TABLE x (date NUMBER(1))", 904),
        ("CREATE TABLE x (comment NUMBER(1))", 904),
        ("CREATE TABLE IF NOT EXISTS x (id NUMBER(1))", 922),
        ("CREATE INDEX IF NOT EXISTS x ON t (id)", 922),
        ("DROP TABLE IF EXISTS x", 933),
        ("DROP VIEW x", 3001),
        ("CREATE TABLE p (id NUMBER(1))", 955),
        ("ALTER TABLE t ADD id NUMBER(1)", 1430),
        ("ALTER TABLE t RENAME TO x", 1735),
        ("ALTER INDEX x REBUILD", 940),
        ("SELECT id, name AS n FROM t AS x", 933),
        ("SELECT id FROM t LIMIT 1", 933),
        ("DELETE FROM t WHERE id = 1 LIMIT 1", 933),
        ("INSERT INTO p VALUES (2) ON CONFLICT DO NOTHING", 933),
        ("INSERT INTO p VALUES (2), (3)", 933),
        ("INSERT OR IGNORE INTO p VALUES (2)", 925),
        ("INSERT INTO p DEFAULT VALUES", 926),
        ("INSERT INTO p VALUES (2", 917),
        ("SELECT 1", 923),
        ("SELECT id IS NULL FROM t", 923),
        ("SELECT id = 1 FROM t", 923),
        ("SELECT id FROM t;", 911),
        ("INSERT INTO p VALUES (2);", 911),
        ("SELECT id FROM t WHERE id = ?", 911),
        ("SELECT datetime('now') FROM dual", 904),
        ("SELECT MAX(id, p_id) FROM t", 909),
        ("SELECT nothing FROM t", 904),
        ("SELECT x.nothing FROM t x", 904),
        ("INSERT INTO t (nothing) VALUES (1)", 904),
        ("UPDATE t SET nothing = 1", 904),
        ("SELECT 1 FROM nowhere", 942),
        ("INSERT INTO nowhere VALUES (1)", 942),
        ("DROP TABLE nowhere", 942),
        ("INSERT INTO t VALUES (1)", 947),
        ("INSERT INTO t (id, name) VALUES (1)", 947),
        ("INSERT INTO p (id) VALUES (1, 2)", 913),
        ("SELECT id FROM t WHERE name IS NOT DISTINCT FROM 'x'", 3001),
        ("SELECT id FROM t WHERE name IS 'x'", 908),
        ("SELECT id FROM t WHERE id", 920),
        ("SELECT id FROM t a, t b", 918),
        ("SELECT 'x FROM dual", 1756),
        ("UPDATE t name = 'x'", 971),
        ("UPDATE t SET name 'x'", 927),
        ("SELECT FROM t", 936),
        ("SELECT id FROM t FETCH FIRST 1 ROW", 905),
        ("SELECT TRUE FROM dual", 904),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
}

#[test]
fn statements_that_lack_a_part_are_refused() {
    let db = connect("refuse_parts");
    run(&db, TABLES);
    for (sql, code) in [
        ("CREATE INDEX 1 ON t (id)", 953),
        ("CREATE INDEX x t (id)", 969),
        ("CREATE INDEX x ON 1 (id)", 903),
        ("CREATE INDEX x ON t id", 906),
        ("CREATE INDEX x ON t (1)", 904),
        ("CREATE INDEX x ON t (id", 907),
        ("CREATE TABLE 1 (id NUMBER(1))", 903),
        ("CREATE TABLE x", 922),
        ("CREATE TABLE x (id 1)", 902),
        ("CREATE TABLE x (id RAW(x))", 910),
        ("CREATE TABLE x (id RAW(1 x))", 907),
        ("CREATE TABLE x (id NUMBER(1) CONSTRAINT 1 UNIQUE)", 904),
        ("CREATE TABLE x (id NUMBER(1) CHECK id = 1)", 906),
        ("CREATE TABLE x (id NUMBER(1) CHECK (id = 1 x))", 907),
        ("CREATE TABLE x (id NUMBER(1) REFERENCES 1 (id))", 903),
        ("CREATE TABLE x (id NUMBER(1), CONSTRAINT 1 UNIQUE (id))", 904),
        ("CREATE TABLE x (id NUMBER(1), CONSTRAINT f FOREIGN KEY (id) p)", 905),
        ("ALTER TABLE 1 ADD x NUMBER(1)", 903),
        ("ALTER TABLE t DROP COLUMN 1", 904),
        ("DROP INDEX x", 950),
        ("DROP TABLE 1", 903),
        ("COMMENT TABLE t IS 'x'", 969),
        ("COMMENT ON t IS 'x'", 905),
        ("COMMENT ON TABLE 1 IS 'x'", 903),
        ("COMMENT ON COLUMN t.1 IS 'x'", 904),
        ("INSERT INTO 1 VALUES (1)", 903),
        ("INSERT INTO p VALUES 1", 906),
        ("UPDATE 1 SET id = 1", 903),
        ("UPDATE t SET 1 = 1", 904),
        ("DELETE FROM 1", 903),
        ("SELECT", 936),
        ("SELECT ) FROM t", 936),
        ("SELECT (1 FROM dual", 907),
        ("SELECT t.1 FROM t", 904),
        ("SELECT COUNT(* FROM t", 907),
        ("SELECT MAX(id FROM t", 907),
        ("SELECT id AS 1 FROM t", 923),
        ("SELECT 1 FROM 1", 903),
        ("SELECT a.id FROM t a LEFT JOIN p b WHERE 1 = 1", 905),
        ("SELECT id FROM t FOR x", 933),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
}

/// Loud, so that no test passes because the double is lenient.
#[test]
fn features_that_the_double_lacks_are_refused_as_such() {
    let db = connect("refuse_lacks");
    run(&db, TABLES);
    for sql in [
        "MERGE INTO t USING p ON (t.id = p.id) WHEN MATCHED THEN UPDATE SET name = 'x'",
        "TRUNCATE TABLE t",
        "LOCK TABLE t IN EXCLUSIVE MODE",
        "CREATE SEQUENCE s",
        "CREATE TABLE x (at TIMESTAMP(6))",
        "CREATE TABLE x (ok BOOLEAN)",
        "CREATE TABLE x (n NUMBER)",
        "CREATE TABLE x (s VARCHAR2(4))",
        "SELECT id FROM t WHERE id IN (1, 2)",
        "SELECT id FROM t WHERE id BETWEEN 1 AND 2",
        "SELECT id FROM t UNION SELECT id FROM p",
        "SELECT id FROM t JOIN p ON p.id = t.p_id",
        "SELECT COUNT(*) FROM t GROUP BY name",
        "SELECT DISTINCT name FROM t",
        "SELECT CASE WHEN id = 1 THEN 1 END FROM t",
        "SELECT TRUE FROM dual",
        "SELECT CAST(id AS VARCHAR2(4)) FROM t",
        "SELECT USER FROM dual",
        "SELECT id * 2 FROM t",
        "SELECT * FROM t",
        "SELECT SYSTIMESTAMP FROM dual",
        "SELECT id FROM t FOR UPDATE NOWAIT",
        "INSERT INTO p SELECT id FROM t",
        "DELETE t",
        "UPDATE t SET name = 'x' RETURNING id INTO :1",
    ] {
        assert_eq!(refusal(&db, sql), 3001, "{sql}");
    }
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[&1.5])), 3001);
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[&u64::MAX])), 3001);
}

#[test]
fn unsupported_uses_of_lobs_and_locks_are_refused() {
    let db = connect("refuse_lobs");
    run(&db, TABLES);
    for (sql, code) in [
        ("SELECT id FROM t WHERE sealed = bytes", 932),
        ("SELECT id FROM t WHERE t.sealed <> bytes", 932),
        ("SELECT id FROM t WHERE bytes = sealed", 932),
        ("SELECT id FROM t ORDER BY sealed", 932),
        ("CREATE TABLE x (b BLOB, CONSTRAINT c CHECK (b = 'x'))", 932),
        ("CREATE TABLE x (b BLOB PRIMARY KEY)", 2329),
        ("CREATE TABLE x (b BLOB UNIQUE)", 2329),
        ("CREATE TABLE x (a NUMBER(1), b BLOB, CONSTRAINT k PRIMARY KEY (a, b))", 2329),
        ("CREATE TABLE x (b BLOB, CONSTRAINT k UNIQUE (b))", 2329),
        ("SELECT id FROM t FETCH FIRST 1 ROWS ONLY FOR UPDATE", 2014),
        ("SELECT COUNT(*) FROM t FOR UPDATE", 1786),
        ("SELECT id, COUNT(*) FROM t", 937),
        ("SELECT COUNT(*), id FROM t", 937),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
    let long = vec![7u8; 4001];
    assert_eq!(ora(db.query("SELECT id FROM t WHERE bytes = :1", &[&long]).map(drop)), 1461);
    assert_eq!(ora(db.execute("UPDATE t SET name = 'x' WHERE bytes = :1", &[&long])), 1461);
    db.execute("INSERT INTO t (id, sealed) VALUES (9, :1)", &[&long]).unwrap();
    db.execute("UPDATE t SET sealed = :1 WHERE id = 9", &[&long]).unwrap();
}

#[test]
fn version_23_allows_what_19_refuses() {
    let db = connect("refuse_23");
    run(
        &db,
        &[
            "CREATE TABLE IF NOT EXISTS x (id NUMBER(1))",
            "CREATE TABLE IF NOT EXISTS x (id NUMBER(1))",
            "CREATE INDEX IF NOT EXISTS i ON x (id)",
            "INSERT INTO x VALUES (1), (2)",
            "DROP TABLE IF EXISTS y",
        ],
    );
    assert_eq!(number(&db, "SELECT 1"), 1);
    assert_eq!(refusal(&db, "SELECT 1 FROM"), 903);
    assert_eq!(refusal(&db, "SELECT 1 LIMIT 1"), 923);
}

#[test]
fn wrong_binds_have_oracles_numbers() {
    let db = connect("refuse_binds");
    run(&db, TABLES);
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[])), 1008);
    assert_eq!(ora(db.execute_named("UPDATE p SET id = :a WHERE id = :b", &[("a", &1)])), 1008);
    assert_eq!(ora(db.execute("INSERT INTO t (id, name) VALUES (3, :1)", &[&"abcde"])), 12899);
    assert_eq!(ora(db.execute("INSERT INTO t (id, bytes) VALUES (3, :1)", &[&vec![0u8; 5]])), 12899);
    assert_eq!(ora(db.execute("INSERT INTO p VALUES (:1)", &[&12345])), 1438);
    // A name that the statement does not have never reaches the library.
    assert!(db.execute_named("INSERT INTO p VALUES (:a)", &[("b", &1)]).is_err());
}
