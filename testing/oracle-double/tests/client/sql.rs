//! SQL that both Oracle and the double understand.

use oracle::sql_type::{OracleType, Timestamp};

use crate::support::{connect, number, ora, run};

#[test]
fn names_bind_every_mention_of_theirs() {
    let db = connect("sql_names");
    run(&db, &["CREATE TABLE t (id NUMBER(10), a NUMBER(10), b NUMBER(10))"]);
    db.execute_named("INSERT INTO t (id, a, b) VALUES (:id, :n, :n)", &[("id", &1), ("n", &5)]).unwrap();
    let mut update = db.statement("UPDATE t SET a = :n + 1 WHERE id = :id AND b = :n AND :n > 0").build().unwrap();
    assert_eq!((update.bind_count(), update.bind_names()), (4, vec!["N", "ID"]));
    update.execute_named(&[("n", &5), ("id", &1)]).unwrap();
    assert_eq!(update.row_count().unwrap(), 1);
    assert_eq!(number(&db, "SELECT a FROM t"), 6);
    // More binds than ODPI-C asks for at a time.
    let sql = "SELECT :a1 + :a2 + :a3 + :a4 + :a5 + :a6 + :a7 + :a8 + :a9 + :a10 FROM dual";
    let sum: i64 = db.query_row_as(sql, &[&1, &2, &3, &4, &5, &6, &7, &8, &9, &10]).unwrap();
    assert_eq!(sum, 55);
}

#[test]
fn queries_of_every_shape() {
    let db = connect("sql_queries");
    run(
        &db,
        &[
            "CREATE TABLE a (id NUMBER(10) PRIMARY KEY, name VARCHAR2(20), n NUMBER(10))",
            "CREATE TABLE b (a_id NUMBER(10) REFERENCES a (id) ON DELETE CASCADE, x NUMBER(10))",
            "INSERT INTO a SELECT 1, 'one', 10 FROM dual UNION ALL SELECT 2, 'two', NULL FROM dual
             UNION ALL SELECT 3, 'three', 30 FROM dual",
            "INSERT INTO b VALUES (1, 100)",
            "INSERT INTO b (a_id, x) SELECT id, id * 100 FROM a WHERE id >= 2",
        ],
    );
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM a WHERE n IS NULL OR n > 10 AND NOT (id = 1)", 2),
        ("SELECT NVL(MAX(n), 0) FROM a WHERE id > 99", 0),
        ("SELECT COALESCE(n, -1) FROM a WHERE name = 'two'", -1),
        ("SELECT SUM(CASE WHEN n IS NULL THEN 1 WHEN n > 20 THEN 2 ELSE 4 END) FROM a", 7),
        ("SELECT COUNT(*) FROM a JOIN b ON b.a_id = a.id WHERE b.x BETWEEN 100 AND 200", 2),
        ("SELECT COUNT(*) FROM a x LEFT JOIN b y ON y.a_id = x.id AND y.x = 100 WHERE y.x IS NULL", 2),
        ("SELECT COUNT(*) FROM a WHERE id IN (SELECT a_id FROM b WHERE x > 100) AND name LIKE 't%'", 2),
        ("SELECT COUNT(*) FROM a WHERE name LIKE 'T%'", 0),
        ("SELECT COUNT(*) FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id AND b.x = 300)", 1),
        ("SELECT COUNT(*) FROM a WHERE (id, name) IN ((1, 'one'), (2, 'x'))", 1),
        ("SELECT id FROM a ORDER BY n FETCH FIRST 1 ROWS ONLY", 1),
        ("SELECT id FROM a ORDER BY n DESC FETCH FIRST ROW ONLY", 2),
        ("SELECT id FROM a ORDER BY n DESC, id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", 3),
        ("SELECT n FROM (SELECT n FROM a WHERE id = 3)", 30),
        ("WITH q AS (SELECT id FROM a WHERE id > 1) SELECT COUNT(*) FROM q", 2),
        ("SELECT COUNT(DISTINCT NVL(n, 10)) FROM a", 2),
        ("SELECT DECODE(NULL, NULL, 1, 0) FROM dual", 1),
        ("SELECT 7 / 2 * 2 FROM dual", 7),
        ("SELECT MOD(7, 4) + GREATEST(1, 2) - LEAST(1, 2) FROM dual", 4),
        ("SELECT COUNT(*) FROM a GROUP BY MOD(id, 2) HAVING COUNT(*) > 1", 2),
        ("SELECT (SELECT MAX(id) FROM a) FROM dual", 3),
        ("SELECT id FROM a WHERE id = 2 FOR UPDATE OF n WAIT 1", 2),
        ("SELECT LENGTH('日本') FROM dual", 2),
        ("SELECT LENGTHB('日本') FROM dual", 6),
        ("SELECT LENGTH(HEXTORAW('00ff')) FROM dual", 4),
        ("SELECT COUNT(*) FROM passmint.a t1 WHERE t1.id /* one */ = 1 -- only", 1),
    ] {
        assert_eq!(number(&db, sql), expected, "{sql}");
    }
    db.rollback().unwrap();
    let text = |sql: &str| db.query_row_as::<String>(sql, &[]).unwrap();
    assert_eq!(text("SELECT 'it''s ' || NULL || TO_CHAR(12) || LOWER('X') FROM dual"), "it's 12x");
    assert_eq!(text("SELECT RAWTOHEX(HEXTORAW('00FF')) FROM dual"), "00FF");
    let limited =
        db.query_as::<i64>("SELECT LEVEL_NO FROM (SELECT 1 AS level_no FROM dual) FETCH FIRST :1 ROWS ONLY", &[&1]);
    assert_eq!(limited.unwrap().count(), 1);
}

#[test]
fn rows_are_counted_and_cascades_happen() {
    let db = connect("sql_counts");
    run(
        &db,
        &[
            "CREATE TABLE p (id NUMBER(10), CONSTRAINT p_pk PRIMARY KEY (id))",
            "CREATE TABLE c (p_id NUMBER(10) NOT NULL, CONSTRAINT c_fk FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE)",
            "INSERT INTO p VALUES (1)",
            "INSERT INTO p VALUES (2)",
            "INSERT INTO c VALUES (1)",
            "INSERT INTO c VALUES (1)",
        ],
    );
    let count = |sql: &str| db.execute(sql, &[]).unwrap().row_count().unwrap();
    assert_eq!(count("UPDATE p SET id = id + 0"), 2);
    assert_eq!(count("UPDATE c SET p_id = (SELECT MAX(id) FROM p) WHERE p_id = 9"), 0);
    assert_eq!(count("INSERT INTO c (p_id) SELECT id FROM p"), 2);
    assert_eq!(count("DELETE FROM p WHERE id = 1"), 1);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM c"), 1);
    assert_eq!(count("DELETE c"), 1);
}

#[test]
fn defaults_and_columns_added_later() {
    let db = connect("sql_ddl");
    run(
        &db,
        &[
            "CREATE TABLE t (id RAW(16) DEFAULT SYS_GUID() PRIMARY KEY,
                             at TIMESTAMP(6) WITH TIME ZONE DEFAULT SYSTIMESTAMP NOT NULL,
                             s VARCHAR2(10 CHAR) DEFAULT 'x' NOT NULL)
             ORGANIZATION INDEX TABLESPACE data",
            "INSERT INTO t (s) VALUES ('a')",
            "ALTER TABLE t ADD (n NUMBER(10) DEFAULT 5 NOT NULL, m NUMBER(10))",
            "ALTER TABLE t ADD o VARCHAR2(3)",
            "CREATE INDEX t_by_n ON t (n, m DESC)",
            "CREATE UNIQUE INDEX t_by_s ON t (s)",
        ],
    );
    assert_eq!(number(&db, "SELECT n FROM t WHERE m IS NULL AND o IS NULL"), 5);
    assert_eq!(db.query_row_as::<Vec<u8>>("SELECT id FROM t", &[]).unwrap().len(), 16);
    assert!(db.query_row_as::<Timestamp>("SELECT at FROM t", &[]).unwrap().year() >= 2024);
    assert_eq!(ora(db.execute("INSERT INTO t (s) VALUES ('a')", &[])), 1);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM user_indexes WHERE index_name = 'T_BY_N'"), 1);
    run(&db, &["DROP INDEX t_by_s", "INSERT INTO t (s) VALUES ('a')", "DROP TABLE t PURGE"]);
    assert_eq!(ora(db.query("SELECT * FROM t", &[]).map(drop)), 942);
    run(
        &db,
        &[
            "CREATE TABLE p (id NUMBER(1) PRIMARY KEY)",
            "CREATE TABLE c (id NUMBER(1) REFERENCES p)",
            "TRUNCATE TABLE c",
            "DROP TABLE p CASCADE CONSTRAINTS",
        ],
    );
}

#[test]
fn returning_gives_the_rows_back() {
    let db = connect("sql_returning");
    run(&db, &["CREATE TABLE t (id NUMBER(10), s VARCHAR2(10), b BLOB)"]);
    let statement = db
        .execute(
            "INSERT INTO t (id, s) VALUES (:1, 'abc') RETURNING id + 1, s INTO :2, :3",
            &[&6, &OracleType::Int64, &OracleType::Varchar2(10)],
        )
        .unwrap();
    assert_eq!(statement.returned_values::<_, i64>(2).unwrap(), [7]);
    assert_eq!(statement.returned_values::<_, String>(3).unwrap(), ["abc"]);
    run(&db, &["INSERT INTO t (id, s) VALUES (7, NULL)"]);
    let statement = db
        .execute_named(
            "DELETE FROM t WHERE id > :least RETURNING s INTO :s",
            &[("least", &0), ("s", &OracleType::Varchar2(10))],
        )
        .unwrap();
    assert_eq!(statement.row_count().unwrap(), 2);
    assert_eq!(statement.returned_values::<_, Option<String>>("s").unwrap(), [Some("abc".to_owned()), None]);
    let statement = db.execute("UPDATE t SET s = 'x' RETURNING id INTO :1", &[&OracleType::Int64]).unwrap();
    assert_eq!(statement.row_count().unwrap(), 0);
}

#[test]
fn columns_are_described_in_capitals() {
    let db = connect("sql_columns");
    run(&db, &["CREATE TABLE t (id NUMBER(10), \"Mixed\" VARCHAR2(10))"]);
    let rows =
        db.query("SELECT t.id, COUNT(*), NVL(MAX(id), 0), id AS alias, id other FROM t GROUP BY t.id", &[]).unwrap();
    let names: Vec<_> = rows.column_info().iter().map(|column| column.name().to_owned()).collect();
    assert_eq!(names, ["ID", "COUNT(*)", "NVL(MAX(ID),0)", "ALIAS", "OTHER"]);
    db.query("SELECT \"Mixed\" FROM t", &[]).unwrap();
    run(&db, &["CREATE TABLE large (id NUMBER(10))", "INSERT INTO large VALUES (1)"]);
    for _ in 0..10 {
        run(&db, &["INSERT INTO large SELECT id + (SELECT MAX(id) FROM large) FROM large"]);
    }
    let all: Vec<i64> = db.query_as("SELECT id FROM large ORDER BY id", &[]).unwrap().map(Result::unwrap).collect();
    assert_eq!(all, (1..=1024).collect::<Vec<_>>());
}

#[test]
fn comments_are_kept() {
    let db = connect("sql_comments");
    run(
        &db,
        &[
            "CREATE TABLE t (id NUMBER(10), s VARCHAR2(10))",
            "COMMENT ON TABLE t IS 'before'",
            "COMMENT ON TABLE passmint.t IS 'One row is one thing: it''s sealed'",
            "COMMENT ON COLUMN t.id IS 'a number'",
            "COMMENT ON COLUMN passmint.t.s IS 'a text'",
        ],
    );
    let text = |sql: &str| db.query_row_as::<String>(sql, &[]).unwrap();
    let of_table = "SELECT comments FROM user_tab_comments WHERE table_name = 'T'";
    assert_eq!(text(of_table), "One row is one thing: it's sealed");
    assert_eq!(text("SELECT comments FROM user_col_comments WHERE column_name = 'S'"), "a text");
    for (sql, code) in [
        ("COMMENT ON TABLE nowhere IS 'x'", 942),
        ("COMMENT ON COLUMN nowhere.id IS 'x'", 942),
        ("COMMENT ON COLUMN t.nothing IS 'x'", 904),
        ("COMMENT ON TABLE t IS x", 1780),
        ("COMMENT ON TABLE t 'x'", 905),
    ] {
        assert_eq!(crate::support::refusal(&db, sql), code, "{sql}");
    }
    run(&db, &["DROP TABLE t", "CREATE TABLE t (id NUMBER(10))"]);
    assert_eq!(db.query_row_as::<Option<String>>(of_table, &[]).unwrap(), None);
}

#[test]
fn sum_and_newest_of_a_table_are_told() {
    let db = connect("sql_sum");
    run(&db, &["CREATE TABLE t (entries NUMBER(19) NOT NULL, changed_at NUMBER(19))"]);
    let told = || db.query_row_as::<(Option<i64>, Option<i64>)>("SELECT SUM(entries), MAX(changed_at) FROM t", &[]);
    assert_eq!(told().unwrap(), (None, None));
    run(&db, &["INSERT INTO t VALUES (3, 5)", "INSERT INTO t VALUES (4, NULL)"]);
    assert_eq!(told().unwrap(), (Some(7), Some(5)));
}
