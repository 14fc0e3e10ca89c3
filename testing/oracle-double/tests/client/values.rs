//! Values of every type are stored and read back unchanged.

use oracle::sql_type::{OracleType, Timestamp};

use crate::support::{connect, number, ora, run};

#[test]
fn every_type_comes_back_as_it_went() {
    let db = connect("values_types");
    run(
        &db,
        &["CREATE TABLE things (
            id RAW(16) NOT NULL, name VARCHAR2(10 CHAR), code VARCHAR2(12 BYTE), big NUMBER(19), price NUMBER(10,2),
            any_number NUMBER, at TIMESTAMP(6) WITH TIME ZONE, day DATE, content BLOB,
            CONSTRAINT things_pk PRIMARY KEY (id))"],
    );
    let id = [7u8; 16];
    let at = Timestamp::new(2026, 3, 1, 4, 5, 6, 789_000_000).unwrap().and_tz_hm_offset(9, 0).unwrap();
    let day = Timestamp::new(2026, 2, 3, 4, 5, 6, 0).unwrap();
    let inserted = db
        .execute(
            "INSERT INTO things (id, name, code, big, price, any_number, at, day, content)
             VALUES (:1, :2, :3, :4, :5, :6, :7, :8, :9)",
            &[&&id[..], &"日本語の名前", &"abc", &i64::MAX, &12.34f64, &-0.5f64, &at, &day, &vec![1u8, 2, 3]],
        )
        .unwrap();
    assert_eq!(inserted.row_count().unwrap(), 1);
    let row = db.query_row("SELECT * FROM things", &[]).unwrap();
    assert_eq!(row.get::<_, Vec<u8>>("ID").unwrap(), id);
    assert_eq!(row.get::<_, String>(1).unwrap(), "日本語の名前");
    assert_eq!(row.get::<_, String>(2).unwrap(), "abc");
    assert_eq!(row.get::<_, i64>(3).unwrap(), i64::MAX);
    assert_eq!(row.get::<_, String>(4).unwrap(), "12.34");
    assert_eq!(row.get::<_, f64>(5).unwrap(), -0.5);
    assert_eq!(row.get::<_, Timestamp>(6).unwrap(), at);
    assert_eq!(row.get::<_, Timestamp>(7).unwrap(), day);
    assert_eq!(row.get::<_, Vec<u8>>(8).unwrap(), [1, 2, 3]);
    let columns: Vec<_> = row.column_info().iter().map(|c| (c.name().to_owned(), c.oracle_type().clone())).collect();
    let expected = [
        ("ID", OracleType::Raw(16)),
        ("NAME", OracleType::Varchar2(40)),
        ("CODE", OracleType::Varchar2(12)),
        ("BIG", OracleType::Number(19, 0)),
        ("PRICE", OracleType::Number(10, 2)),
        ("ANY_NUMBER", OracleType::Number(0, -127)),
        ("AT", OracleType::TimestampTZ(6)),
        ("DAY", OracleType::Date),
        ("CONTENT", OracleType::BLOB),
    ];
    assert_eq!(columns, expected.map(|(name, kind)| (name.to_owned(), kind)));
}

#[test]
fn null_of_every_type_is_null() {
    let db = connect("values_null");
    run(
        &db,
        &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY, r RAW(16), s VARCHAR2(10), n NUMBER, b BLOB,
                                at TIMESTAMP WITH TIME ZONE)"],
    );
    db.execute(
        "INSERT INTO t VALUES (1, :1, :2, :3, :4, :5)",
        &[&None::<Vec<u8>>, &None::<String>, &None::<i64>, &None::<Vec<u8>>, &None::<Timestamp>],
    )
    .unwrap();
    let row = db.query_row("SELECT r, s, n, b, at FROM t", &[]).unwrap();
    assert_eq!(row.get::<_, Option<Vec<u8>>>(0).unwrap(), None);
    assert_eq!(row.get::<_, Option<String>>(1).unwrap(), None);
    assert_eq!(row.get::<_, Option<i64>>(2).unwrap(), None);
    assert_eq!(row.get::<_, Option<Vec<u8>>>(3).unwrap(), None);
    assert_eq!(row.get::<_, Option<Timestamp>>(4).unwrap(), None);
}

#[test]
fn the_empty_string_is_null() {
    let db = connect("values_empty");
    run(&db, &["CREATE TABLE t (id NUMBER PRIMARY KEY, s VARCHAR2(10), r RAW(4))"]);
    db.execute("INSERT INTO t VALUES (1, :1, :2)", &[&"", &Vec::<u8>::new()]).unwrap();
    run(&db, &["INSERT INTO t VALUES (2, '', NULL)"]);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE s IS NULL AND r IS NULL"), 2);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE s = ''"), 0);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE s <> ''"), 0);
    assert_eq!(db.query_row_as::<Option<String>>("SELECT s FROM t WHERE id = 1", &[]).unwrap(), None);
}

#[test]
fn integers_of_all_sizes_come_back_exactly() {
    let db = connect("values_integers");
    run(&db, &["CREATE TABLE t (n NUMBER(20))"]);
    let numbers =
        [0, 1, -1, 9, 10, 99, 100, -100, 1_000_000, i64::from(u32::MAX), i64::MAX, i64::MIN, -101, 12_345_678];
    for n in numbers {
        db.execute("INSERT INTO t VALUES (:1)", &[&n]).unwrap();
    }
    db.execute("INSERT INTO t VALUES (:1)", &[&77u64]).unwrap();
    db.execute("INSERT INTO t VALUES (:1)", &[&78i32]).unwrap();
    db.execute("INSERT INTO t VALUES (:1)", &[&u32::MAX]).unwrap();
    let mut found: Vec<i64> = db.query_as("SELECT n FROM t ORDER BY n", &[]).unwrap().map(Result::unwrap).collect();
    let mut expected = [&numbers[..], &[77, 78, i64::from(u32::MAX)]].concat();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn blobs_of_every_size_come_back_and_so_do_locators() {
    let db = connect("values_blobs");
    run(&db, &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY, b BLOB NOT NULL)"]);
    let sizes = [1usize, 2000, 2001, 4000, 32_767, 32_768, 65_536, 65_537, 200_000, 1 << 20];
    for (id, size) in sizes.iter().enumerate() {
        let bytes: Vec<u8> = (0..*size).map(|at| (at % 251) as u8).collect();
        db.execute("INSERT INTO t VALUES (:id, :b)", &[&(id as i64), &bytes]).unwrap();
    }
    assert_eq!(ora(db.execute("INSERT INTO t VALUES (99, :1)", &[&Vec::<u8>::new()])), 1400);
    let rows = db.query_as::<(i64, Vec<u8>)>("SELECT id, b FROM t ORDER BY id", &[]).unwrap();
    for (row, size) in rows.zip(sizes) {
        let (_, bytes) = row.unwrap();
        assert_eq!(bytes.len(), size);
        assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == (at % 251) as u8));
    }
    let mut statement = db.statement("SELECT b FROM t WHERE id = :1").lob_locator().build().unwrap();
    let mut blob = statement.query_row_as::<oracle::sql_type::Blob>(&[&9]).unwrap();
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut blob, &mut read).unwrap();
    assert_eq!(read.len(), 1 << 20);
    assert!(std::io::Write::write(&mut blob, b"x").is_err());
    assert_eq!(number(&db, "SELECT DBMS_LOB.GETLENGTH(b) FROM t WHERE id = 0"), 1);
}

#[test]
fn a_statement_run_again_takes_new_values_of_other_sizes() {
    let db = connect("values_again");
    run(&db, &["CREATE TABLE t (id NUMBER(10), b BLOB)"]);
    let mut insert = db.statement("INSERT INTO t VALUES (:1, :2)").build().unwrap();
    for size in [10usize, 40_000, 20, 100_000] {
        insert.execute(&[&(size as i64), &vec![9u8; size]]).unwrap();
    }
    let mut select = db.statement("SELECT b FROM t WHERE id = :1").build().unwrap();
    for size in [10usize, 40_000, 20, 100_000] {
        assert_eq!(select.query_row_as::<Vec<u8>>(&[&(size as i64)]).unwrap().len(), size);
    }
}

#[test]
fn batches_write_every_row() {
    let db = connect("values_batch");
    run(&db, &["CREATE TABLE t (id NUMBER(10), s VARCHAR2(20))"]);
    let mut batch = db.batch("INSERT INTO t VALUES (:1, :2)", 64).build().unwrap();
    for id in 0..250 {
        batch.append_row(&[&id, &format!("row {id}")]).unwrap();
    }
    batch.execute().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 250);
    assert_eq!(number(&db, "SELECT COUNT(DISTINCT s) FROM t"), 250);
}
