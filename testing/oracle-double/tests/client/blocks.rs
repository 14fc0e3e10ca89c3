//! PL/SQL blocks.

use oracle::sql_type::OracleType;

use crate::support::{connect, number, ora, run};

const TABLE: &str = "CREATE TABLE t (id NUMBER(10), name VARCHAR2(20), bytes RAW(16), content BLOB,
                     CONSTRAINT t_pk PRIMARY KEY (id))";

#[test]
fn binds_go_in_and_out() {
    let db = connect("plsql_binds");
    run(&db, &[TABLE]);
    let sql = "BEGIN
        INSERT INTO t (id, name, bytes) VALUES (:id, :name, :bytes);
        :inserted := SQL%ROWCOUNT;
        SELECT name, bytes, content INTO :name, :found, :nothing FROM t WHERE id = :id;
        UPDATE t SET name = :name || '!' WHERE id = :id RETURNING name INTO :changed;
        DELETE FROM t WHERE id = -1;
        :deleted := SQL%ROWCOUNT;
        COMMIT;
    END;";
    let mut block = db.statement(sql).build().unwrap();
    assert_eq!(block.bind_count(), 8);
    block
        .execute_named(&[
            ("id", &7i64),
            ("name", &"seven"),
            ("bytes", &vec![1u8, 2, 3]),
            ("inserted", &OracleType::Int64),
            ("found", &OracleType::Raw(16)),
            ("nothing", &OracleType::BLOB),
            ("changed", &OracleType::Varchar2(20)),
            ("deleted", &OracleType::Int64),
        ])
        .unwrap();
    assert_eq!(block.bind_value::<_, i64>("inserted").unwrap(), 1);
    assert_eq!(block.bind_value::<_, i64>("deleted").unwrap(), 0);
    assert_eq!(block.bind_value::<_, String>("name").unwrap(), "seven");
    assert_eq!(block.bind_value::<_, Vec<u8>>("found").unwrap(), [1, 2, 3]);
    assert_eq!(block.bind_value::<_, String>("changed").unwrap(), "seven!");
    db.rollback().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE name = 'seven!'"), 1);
}

#[test]
fn large_values_go_in_and_out() {
    let db = connect("plsql_large");
    run(&db, &[TABLE]);
    let large: Vec<u8> = (0..300_000u32).map(|at| (at % 253) as u8).collect();
    let mut block = db
        .statement("BEGIN INSERT INTO t (id, content) VALUES (1, :content); SELECT content INTO :out FROM t; END;")
        .build()
        .unwrap();
    block.execute_named(&[("content", &large), ("out", &OracleType::Raw(1_000_000))]).unwrap();
    assert_eq!(block.bind_value::<_, Vec<u8>>("out").unwrap(), large);
    assert_eq!(number(&db, "SELECT DBMS_LOB.GETLENGTH(content) FROM t"), 300_000);
    let mut block = db.statement("BEGIN SELECT content INTO :out FROM t; END;").build().unwrap();
    block.execute_named(&[("out", &OracleType::BLOB)]).unwrap();
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut block.bind_value::<_, oracle::sql_type::Blob>("out").unwrap(), &mut read).unwrap();
    assert_eq!(read, large);
    assert_eq!(db.query_row_as::<Vec<u8>>("SELECT content FROM t", &[]).unwrap(), large);
}

#[test]
fn nothing_returned_leaves_null() {
    let db = connect("plsql_null");
    run(&db, &[TABLE]);
    let sql = "BEGIN UPDATE t SET name = 'x' WHERE id = 1 RETURNING id, name INTO :id, :name;
               :changed := SQL%ROWCOUNT; END;";
    let mut block = db.statement(sql).build().unwrap();
    let outs: [(&str, &dyn oracle::sql_type::ToSql); 3] =
        [("id", &OracleType::Int64), ("name", &OracleType::Varchar2(20)), ("changed", &OracleType::Int64)];
    block.execute_named(&outs).unwrap();
    assert_eq!(block.bind_value::<_, Option<i64>>("id").unwrap(), None);
    assert_eq!(block.bind_value::<_, Option<String>>("name").unwrap(), None);
    assert_eq!(block.bind_value::<_, i64>("changed").unwrap(), 0);
    run(&db, &["INSERT INTO t (id) VALUES (1)"]);
    block.execute_named(&outs).unwrap();
    assert_eq!(block.bind_value::<_, Option<i64>>("id").unwrap(), Some(1));
    assert_eq!(block.bind_value::<_, i64>("changed").unwrap(), 1);
}

#[test]
fn selecting_into_wants_one_row() {
    let db = connect("plsql_into");
    run(&db, &[TABLE, "INSERT INTO t (id) VALUES (1)", "INSERT INTO t (id) VALUES (2)"]);
    let mut block = db.statement("BEGIN SELECT id INTO :id FROM t WHERE id >= :least; END;").build().unwrap();
    assert_eq!(ora(block.execute_named(&[("id", &OracleType::Int64), ("least", &3)])), 1403);
    assert_eq!(ora(block.execute_named(&[("id", &OracleType::Int64), ("least", &1)])), 1422);
    block.execute_named(&[("id", &OracleType::Int64), ("least", &2)]).unwrap();
    assert_eq!(block.bind_value::<_, i64>("id").unwrap(), 2);
    let sql = "BEGIN SELECT id INTO :id FROM t WHERE id = 9; EXCEPTION WHEN NO_DATA_FOUND THEN :id := -1; END;";
    let mut block = db.statement(sql).build().unwrap();
    block.execute_named(&[("id", &OracleType::Int64)]).unwrap();
    assert_eq!(block.bind_value::<_, i64>("id").unwrap(), -1);
}

#[test]
fn if_branches() {
    let db = connect("plsql_if");
    run(&db, &[TABLE]);
    let sql = "BEGIN
        UPDATE t SET name = :name WHERE id = :id;
        IF SQL%ROWCOUNT = 0 THEN
            INSERT INTO t (id, name) VALUES (:id, :name);
            :what := 'made';
        ELSIF :id = 5 THEN
            :what := 'five';
        ELSE
            :what := 'changed';
        END IF;
        IF :id IS NULL OR :name = 'never' THEN NULL; END IF;
    END;";
    let mut block = db.statement(sql).build().unwrap();
    let mut what = |id: i64| {
        block.execute_named(&[("id", &id), ("name", &"n"), ("what", &OracleType::Varchar2(10))]).unwrap();
        block.bind_value::<_, String>("what").unwrap()
    };
    assert_eq!([what(4), what(4), what(5), what(5)], ["made", "changed", "made", "five"]);
}

#[test]
fn handlers_handle() {
    let db = connect("plsql_handlers");
    run(&db, &[TABLE]);
    let sql = "BEGIN
        INSERT INTO t (id, name) VALUES (:id, 'first');
        :new := 1;
    EXCEPTION WHEN DUP_VAL_ON_INDEX THEN
        UPDATE t SET name = 'again' WHERE id = :id;
        :new := 0;
    END;";
    let mut block = db.statement(sql).build().unwrap();
    for expected in [1, 0] {
        block.execute_named(&[("id", &1i64), ("new", &OracleType::Int64)]).unwrap();
        assert_eq!(block.bind_value::<_, i64>("new").unwrap(), expected);
    }
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE name = 'again'"), 1);
    let make = "BEGIN EXECUTE IMMEDIATE 'CREATE TABLE u (name VARCHAR2(5) DEFAULT ''x'')';
                EXCEPTION WHEN OTHERS THEN IF SQLCODE != -955 THEN RAISE; END IF; END;";
    run(&db, &[make, make]);
    run(&db, &["INSERT INTO u VALUES ('abc')"]);
    let wrong = make.replace("VARCHAR2", "TEXT").replace(" u ", " w ");
    assert_eq!(ora(db.execute(&wrong, &[])), 902);
}

#[test]
fn an_error_undoes_the_block_and_only_the_block() {
    let db = connect("plsql_undo");
    run(&db, &[TABLE, "INSERT INTO t (id) VALUES (1)"]);
    let fails = "BEGIN INSERT INTO t (id) VALUES (2); INSERT INTO t (id) VALUES (1); END;";
    assert_eq!(ora(db.execute(fails, &[])), 1);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 1);
    db.commit().unwrap();
    assert_eq!(ora(db.execute(fails, &[])), 1);
    let commits = "BEGIN INSERT INTO t (id) VALUES (2); COMMIT; INSERT INTO t (id) VALUES (3);
                   INSERT INTO t (id) VALUES (1); END;";
    assert_eq!(ora(db.execute(commits, &[])), 1);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 2);
    run(&db, &["BEGIN DELETE FROM t; ROLLBACK; END;"]);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 2);
    let nested = "BEGIN BEGIN INSERT INTO t (id) VALUES (1); EXCEPTION WHEN OTHERS THEN NULL; END;
                  INSERT INTO t (id) VALUES (9); END;";
    run(&db, &[nested]);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 3);
}

#[test]
fn block_that_does_not_compile_is_refused_as_a_whole() {
    let db = connect("plsql_compile");
    run(&db, &[TABLE]);
    for block in [
        "BEGIN INSERT INTO t (id) VALUES (1); INSERT INTO nowhere (id) VALUES (1); END;",
        "BEGIN UPDATE t SET nothing = 1; END;",
        "BEGIN INSERT INTO t (id) VALUES (1) END;",
        "BEGIN INSERT INTO t (id) VALUES (1); END",
        "DECLARE x NUMBER; BEGIN x := 1; END;",
        "BEGIN FOR r IN (SELECT 1 FROM dual) LOOP NULL; END LOOP; END;",
        "BEGIN SELECT id FROM t; END;",
        "BEGIN END;",
    ] {
        assert_eq!(ora(db.execute(block, &[])), 6550, "{block}");
    }
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 0);
}

#[test]
fn an_out_value_that_does_not_fit_is_refused() {
    let db = connect("plsql_fit");
    let mut block = db.statement("BEGIN :out := 'more than four bytes for each'; END;").build().unwrap();
    assert_eq!(ora(block.execute_named(&[("out", &OracleType::Varchar2(3))])), 6502);
}
