//! PL/SQL blocks.

use oracle::sql_type::OracleType;

use crate::support::{connect, number, ora, run};

const TABLE: &str = "CREATE TABLE t (id NUMBER(10), n NUMBER(10), bytes RAW(16), CONSTRAINT t_pk PRIMARY KEY (id))";

/// The shape of the driver's only block.
const SAVE: &str = "BEGIN
    UPDATE t SET n = n + 1 WHERE id = :id AND n < :most RETURNING n INTO :n;
    IF SQL%ROWCOUNT = 1 THEN
        INSERT INTO t (id, n, bytes) VALUES (:new, :n, :bytes);
        COMMIT;
    END IF;
    END;";

#[test]
fn binds_go_in_and_out() {
    let db = connect("block_binds");
    run(&db, &[TABLE, "INSERT INTO t (id, n) VALUES (1, 6)"]);
    db.commit().unwrap();
    let mut block = db.statement(SAVE).build().unwrap();
    assert_eq!(block.bind_count(), 5);
    let mut save = |most: i64, new: i64| {
        let bytes = vec![7u8; 16];
        block
            .execute_named(&[
                ("id", &1i64),
                ("most", &most),
                ("n", &OracleType::Int64),
                ("new", &new),
                ("bytes", &bytes),
            ])
            .map(|()| block.bind_value::<_, Option<i64>>("n").unwrap())
    };
    assert_eq!(save(8, 2).unwrap(), Some(7));
    // The block has committed.
    db.rollback().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE id = 2 AND n = 7"), 1);
    // An error undoes the whole block.
    assert_eq!(ora(save(8, 2)), 1);
    assert_eq!(number(&db, "SELECT n FROM t WHERE id = 1"), 7);
    // No row is returned: the variable stays NULL.
    assert_eq!(save(7, 3).unwrap(), None);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 2);
}

#[test]
fn block_that_does_not_compile_is_refused_as_a_whole() {
    let db = connect("block_compile");
    run(&db, &[TABLE]);
    for (block, code) in [
        ("BEGIN INSERT INTO t (id) VALUES (1); INSERT INTO nowhere (id) VALUES (1); END;", 6550),
        ("BEGIN UPDATE t SET nothing = 1; END;", 6550),
        ("BEGIN UPDATE t SET n = 1; IF nothing = 1 THEN COMMIT; END IF; END;", 6550),
        ("BEGIN UPDATE t SET n = 1; IF SQL%ROWCOUNT THEN COMMIT; END IF; END;", 6550),
        ("BEGIN INSERT INTO t (id) VALUES (1) END;", 6550),
        ("BEGIN INSERT INTO t (id) VALUES (1); END", 6550),
        ("BEGIN INSERT INTO t (id) VALUES (1); END; x", 6550),
        ("BEGIN UPDATE t SET n = 1 RETURNING id, n INTO :id; END;", 6550),
        ("BEGIN SELECT id FROM t; END;", 6550),
        ("BEGIN END;", 6550),
        ("BEGIN ROLLBACK; END;", 3001),
        ("BEGIN INSERT INTO t (id) VALUES (1); EXCEPTION WHEN OTHERS THEN NULL; END;", 3001),
    ] {
        let result = match block.contains(":id") {
            true => db.execute(block, &[&OracleType::Int64]),
            false => db.execute(block, &[]),
        };
        assert_eq!(ora(result), code, "{block}");
    }
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 0);
}

#[test]
fn block_that_returns_many_rows_is_refused() {
    let db = connect("block_rows");
    run(&db, &[TABLE, "INSERT INTO t (id) VALUES (1)", "INSERT INTO t (id) VALUES (2)"]);
    let block = "BEGIN UPDATE t SET n = 1 RETURNING n INTO :n; END;";
    // The double takes no block inside of an open transaction.
    assert_eq!(ora(db.execute(block, &[&OracleType::Int64])), 3001);
    db.commit().unwrap();
    assert_eq!(ora(db.execute(block, &[&OracleType::Int64])), 1422);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE n IS NULL"), 2);
}

#[test]
fn an_out_value_that_does_not_fit_is_refused() {
    let db = connect("block_fit");
    run(&db, &[TABLE, "INSERT INTO t (id, bytes) VALUES (1, NULL)"]);
    db.execute("UPDATE t SET bytes = :1", &[&vec![7u8; 16]]).unwrap();
    db.commit().unwrap();
    let block = "BEGIN UPDATE t SET n = 1 RETURNING bytes INTO :bytes; END;";
    assert_eq!(ora(db.execute(block, &[&OracleType::Raw(8)])), 6502);
}
