//! Statements that both Oracle and the double understand, and the values that go through them.

use oracle::sql_type::OracleType;

use crate::support::{connect, number, ora, refusal, run};

#[test]
fn every_type_comes_back_as_it_went() {
    let db = connect("values_types");
    run(
        &db,
        &["CREATE TABLE things (id RAW(16) NOT NULL, name VARCHAR2(10 CHAR), big NUMBER(19), content BLOB,
           CONSTRAINT things_pk PRIMARY KEY (id))"],
    );
    let insert = "INSERT INTO things (id, name, big, content) VALUES (:1, :2, :3, :4)";
    let id = [7u8; 16];
    let inserted = db.execute(insert, &[&&id[..], &"日本語の名前", &i64::MAX, &vec![1u8, 2, 3]]).unwrap();
    assert_eq!(inserted.row_count().unwrap(), 1);
    let row = db.query_row("SELECT id, name, big, content FROM things", &[]).unwrap();
    assert_eq!(row.get::<_, Vec<u8>>("ID").unwrap(), id);
    assert_eq!(row.get::<_, String>(1).unwrap(), "日本語の名前");
    assert_eq!(row.get::<_, i64>(2).unwrap(), i64::MAX);
    assert_eq!(row.get::<_, Vec<u8>>(3).unwrap(), [1, 2, 3]);
    let columns: Vec<_> = row.column_info().iter().map(|c| (c.name().to_owned(), c.oracle_type().clone())).collect();
    let expected = [
        ("ID", OracleType::Raw(16)),
        ("NAME", OracleType::Varchar2(40)),
        ("BIG", OracleType::Number(19, 0)),
        ("CONTENT", OracleType::BLOB),
    ];
    assert_eq!(columns, expected.map(|(name, kind)| (name.to_owned(), kind)));

    // An empty text is NULL, and so are no bytes.
    db.execute(insert, &[&vec![8u8], &"", &None::<i64>, &None::<Vec<u8>>]).unwrap();
    let row = db.query_row("SELECT name, big, content FROM things WHERE id = :1", &[&vec![8u8]]).unwrap();
    assert_eq!(row.get::<_, Option<String>>(0).unwrap(), None);
    assert_eq!(row.get::<_, Option<i64>>(1).unwrap(), None);
    assert_eq!(row.get::<_, Option<Vec<u8>>>(2).unwrap(), None);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM things WHERE name = '' OR name <> ''"), 0);
    assert_eq!(ora(db.execute(insert, &[&Vec::<u8>::new(), &"x", &1, &vec![1u8]])), 1400);
}

#[test]
fn integers_of_all_sizes_come_back_exactly() {
    let db = connect("values_integers");
    run(&db, &["CREATE TABLE t (n NUMBER(20))"]);
    let mut numbers = vec![0, 1, -1, 10, 100, -100, 1_000_000, i64::MAX, i64::MIN, -101, 12_345_678];
    for n in &numbers {
        db.execute("INSERT INTO t VALUES (:1)", &[n]).unwrap();
    }
    db.execute("INSERT INTO t VALUES (:1)", &[&77u64]).unwrap();
    db.execute("INSERT INTO t VALUES (:1)", &[&u32::MAX]).unwrap();
    numbers.extend([77, i64::from(u32::MAX)]);
    numbers.sort_unstable();
    let found: Vec<i64> = db.query_as("SELECT n FROM t ORDER BY n", &[]).unwrap().map(Result::unwrap).collect();
    assert_eq!(found, numbers);
}

#[test]
fn blobs_of_every_size_come_back() {
    let db = connect("values_blobs");
    run(&db, &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY, b BLOB NOT NULL)"]);
    let sizes = [1usize, 2000, 2001, 32_767, 32_768, 65_536, 65_537, 200_000, 1 << 20];
    let mut insert = db.statement("INSERT INTO t VALUES (:id, :b)").build().unwrap();
    for (id, size) in sizes.iter().enumerate() {
        let bytes: Vec<u8> = (0..*size).map(|at| (at % 251) as u8).collect();
        insert.execute(&[&(id as i64), &(&bytes, &OracleType::LongRaw)]).unwrap();
    }
    let rows = db.query_as::<(i64, Vec<u8>)>("SELECT id, b FROM t ORDER BY id", &[]).unwrap();
    for (row, size) in rows.zip(sizes) {
        let (_, bytes) = row.unwrap();
        assert_eq!(bytes.len(), size);
        assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
    }
}

#[test]
fn batches_write_every_row() {
    let db = connect("values_batch");
    run(&db, &["CREATE TABLE t (id NUMBER(10), s VARCHAR2(20 CHAR), r RAW(4))"]);
    let mut batch = db.batch("INSERT INTO t VALUES (:1, :2, :3)", 251).build().unwrap();
    batch.set_type(3, &OracleType::Raw(4)).unwrap();
    for id in 0..250 {
        let bytes = (id % 2 == 0).then(|| vec![1u8]);
        batch.append_row(&[&id, &format!("row {id}"), &bytes]).unwrap();
    }
    batch.execute().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE s = 'row 249'"), 1);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE r IS NULL"), 125);
}

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
            "CREATE TABLE a (id NUMBER(10) PRIMARY KEY, name VARCHAR2(20 CHAR), n NUMBER(10))",
            "CREATE TABLE b (a_id NUMBER(10) REFERENCES a (id) ON DELETE CASCADE, x NUMBER(10))",
            "INSERT INTO a VALUES (1, 'it''s one', 10)",
            "INSERT INTO a VALUES (2, 'two', NULL)",
            "INSERT INTO a VALUES (3, 'three', 30)",
            "INSERT INTO b VALUES (1, 100)",
            "INSERT INTO b VALUES (2, 200)",
            "CREATE INDEX b_of_a ON b (a_id, x)",
        ],
    );
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM a WHERE n IS NULL OR n > 10 AND id <> 1", 2),
        ("SELECT COUNT(*) FROM a WHERE name = 'it''s one'", 1),
        ("SELECT COUNT(*) FROM a, b WHERE b.a_id = a.id AND b.x >= 200", 1),
        ("SELECT COUNT(*) FROM a x LEFT JOIN b y ON y.a_id = x.id AND y.x = 100 WHERE y.x IS NULL", 2),
        // NULL is the largest value.
        ("SELECT id FROM a ORDER BY n FETCH FIRST 1 ROWS ONLY", 1),
        ("SELECT id FROM a ORDER BY n DESC, id FETCH FIRST 1 ROWS ONLY", 2),
        ("SELECT id FROM a WHERE id = 2 FOR UPDATE", 2),
        ("SELECT 2 + 3 - (4 - 1) + -1 FROM dual", 1),
    ] {
        assert_eq!(number(&db, sql), expected, "{sql}");
    }
    let limited = db.query_as::<i64>("SELECT id AS other FROM a ORDER BY id FETCH FIRST :1 ROWS ONLY", &[&2]);
    assert_eq!(limited.unwrap().count(), 2);
    type Told = (Option<i64>, Option<i64>);
    let told = |sql: &str| db.query_row_as::<Told>(sql, &[]).unwrap();
    assert_eq!(told("SELECT SUM(n), MAX(n) FROM a"), (Some(40), Some(30)));
    assert_eq!(told("SELECT SUM(n), MAX(n) FROM a WHERE id = 2"), (None, None));
    // The children of a deleted row are deleted.
    let deleted = db.execute("DELETE FROM a WHERE id = 1", &[]).unwrap();
    assert_eq!((deleted.row_count().unwrap(), number(&db, "SELECT COUNT(*) FROM b")), (1, 1));
}

#[test]
fn columns_come_and_go() {
    let db = connect("sql_ddl");
    run(
        &db,
        &[
            "CREATE TABLE t (id NUMBER(10))",
            "INSERT INTO t VALUES (1)",
            "ALTER TABLE t ADD device VARCHAR2(3 CHAR)",
            "UPDATE t SET device = 'abc'",
        ],
    );
    assert_eq!(refusal(&db, "UPDATE t SET device = 'abcd'"), 12899);
    run(&db, &["ALTER TABLE t DROP COLUMN device", "DROP TABLE t CASCADE CONSTRAINTS PURGE"]);
    assert_eq!(refusal(&db, "SELECT id FROM t"), 942);
}

#[test]
fn comments_want_what_they_are_about() {
    let db = connect("sql_comments");
    run(
        &db,
        &[
            "CREATE TABLE t (id NUMBER(10))",
            "COMMENT ON TABLE t IS 'One row is one thing: it''s sealed'",
            "COMMENT ON COLUMN t.id IS 'before'",
            "COMMENT ON COLUMN t.id IS 'a number'",
        ],
    );
    let text = |sql: &str| db.query_row_as::<String>(sql, &[]).unwrap();
    assert_eq!(text("SELECT comments FROM user_tab_comments"), "One row is one thing: it's sealed");
    assert_eq!(text("SELECT comments FROM user_col_comments WHERE column_name = 'ID'"), "a number");
    for (sql, code) in [
        ("COMMENT ON TABLE nowhere IS 'x'", 942),
        ("COMMENT ON COLUMN nowhere.id IS 'x'", 942),
        ("COMMENT ON COLUMN t.nothing IS 'x'", 904),
        ("COMMENT ON COLUMN t IS 'x'", 904),
        ("COMMENT ON TABLE t IS x", 1780),
        ("COMMENT ON TABLE t 'x'", 905),
    ] {
        assert_eq!(refusal(&db, sql), code, "{sql}");
    }
}
