use std::collections::BTreeSet;

use sqlparser::ast::{AlterTable, AlterTableOperation, Statement};
use sqlparser::dialect::OracleDialect;
use sqlparser::parser::Parser;

use super::*;

/// The SQL statements of a PL/SQL block, and any piece that is not recognised.
fn statements_of(block: &str) -> Vec<String> {
    let inside = block.strip_prefix("BEGIN").and_then(|rest| rest.strip_suffix("END;")).unwrap();
    let mut statements = Vec::new();
    for piece in inside.split(';').map(str::trim).filter(|piece| !piece.is_empty()) {
        let piece = piece.strip_prefix("IF SQL%ROWCOUNT = 1 THEN").unwrap_or(piece).trim();
        let piece = piece.split(" RETURNING ").next().unwrap();
        if !["COMMIT", "END IF"].contains(&piece) {
            statements.push(piece.to_owned());
        }
    }
    statements
}

#[test]
fn every_statement_parses_as_sql_of_oracle_19c() {
    let blocks = sql::ALL.iter().filter(|(_, sql)| sql.starts_with("BEGIN"));
    let inside: Vec<String> = blocks.flat_map(|(_, block)| statements_of(block)).collect();
    assert_eq!(inside.len(), 2, "{inside:?}");
    let plain = sql::ALL.iter().map(|(_, sql)| *sql).filter(|sql| !sql.starts_with("BEGIN"));
    let steps = sql::MIGRATIONS.iter().flat_map(|step| step.iter().copied());
    for sql in plain.chain(steps).chain(inside.iter().map(String::as_str)) {
        let parsed = Parser::parse_sql(&OracleDialect {}, sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        assert_eq!(parsed.len(), 1, "{sql}");
        // 23ai knows some of these, 19c none.
        let upper = sql.to_uppercase();
        for word in [" IF NOT EXISTS", " IF EXISTS", " LIMIT ", " BOOLEAN", "ON CONFLICT", " TEXT", "''", "?", "),("] {
            assert!(!upper.contains(word), "{word}: {sql}");
        }
        assert!(!sql.ends_with(';'), "{sql}");
    }
}

#[test]
fn every_table_and_column_has_a_comment() {
    let (mut made, mut commented) = (BTreeSet::new(), BTreeSet::new());
    let steps = sql::MIGRATIONS.iter().copied().enumerate();
    let migrations = steps.flat_map(|(step, statements)| statements.iter().map(move |sql| (step, *sql)));
    // A later step may replace a comment.
    let mut comments_of_steps = BTreeSet::new();
    for (step, sql) in migrations.chain([(0, sql::SCHEMA_TABLE)]) {
        match Parser::parse_sql(&OracleDialect {}, sql).unwrap().remove(0) {
            Statement::CreateTable(table) => {
                made.extend(table.columns.iter().map(|column| format!("{}.{}", table.name, column.name)));
                made.insert(table.name.to_string());
            }
            Statement::AlterTable(AlterTable { name, operations, .. }) => {
                for operation in operations {
                    let AlterTableOperation::AddColumn { column_def, .. } = operation else { panic!("{operation}") };
                    made.insert(format!("{name}.{}", column_def.name));
                }
            }
            Statement::Comment { object_name, comment: Some(text), .. } => {
                assert!(text.is_ascii() && text.len() < 250, "{text}");
                assert!(comments_of_steps.insert((step, object_name.to_string())), "{object_name} has two comments");
                commented.insert(object_name.to_string());
            }
            Statement::CreateIndex(_) => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(made, commented);
}

#[test]
fn every_statement_about_entries_names_the_account() {
    // The operator's check reads numbers and a time of all accounts, and rows that no browser can open.
    let scoped = |name: &str| !["ACCOUNTS", "ENTRIES_SUMMARY", "UNKNOWN_FORMATS"].contains(&name);
    for (name, sql) in sql::ALL.iter().filter(|(name, sql)| sql.contains("passwords") && scoped(name)) {
        let by_account = ["account_id = :account", "a.id = :account", "INTO passwords (account_id,"];
        assert!(by_account.iter().any(|text| sql.contains(text)), "{name}");
    }
}

#[test]
fn explanation_of_an_unlisted_code_names_the_code() {
    assert!(explain(Some(Code::Ora(600))).starts_with("ORA-00600: "));
    assert!(explain(Some(Code::Ora(12541))).contains("nothing listens"));
    assert!(!explain(None).is_empty());
}

#[test]
fn failed_connection_over_tls_is_explained_by_the_check() {
    const ADVICE: &str = "Run passmint check: it finds the cause.";
    for number in [12561, 12170, 12547] {
        let text = explain_connection(Some(Code::Ora(number)), true);
        assert_eq!(text.matches(ADVICE).count(), 1, "{text}");
    }
    assert!(!explain_connection(Some(Code::Ora(12170)), false).contains(ADVICE));
    assert!(!explain_connection(Some(Code::Ora(1017)), true).contains(ADVICE));
}

#[test]
fn guide_prints_the_table_of_codes() {
    let guide = include_str!("../../../../docs/ORACLE.md");
    let (_, rest) = guide.split_once("<!-- codes -->").unwrap();
    let (table, _) = rest.split_once("<!-- /codes -->").unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    let expected = TABLE.iter().map(|Remedy { codes, meaning, remedy }| {
        let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
        format!("| {} | {meaning} | {remedy} |", codes.join(", "))
    });
    assert_eq!(rows, expected.collect::<Vec<_>>());
}

/// The convention of the guide: names are in lower case, all else in capitals.
#[test]
fn statements_of_the_guide_parse_and_name_columns_that_exist() {
    let guide = include_str!("../../../../docs/ORACLE.md");
    let (_, rest) = guide.split_once("### What you see in SQL").unwrap();
    let (_, rest) = rest.split_once("```sql").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    assert_eq!(Parser::parse_sql(&OracleDialect {}, block).unwrap().len(), 3);

    let schema: String = sql::MIGRATIONS.concat().concat();
    let words = |text: &str| -> BTreeSet<String> {
        let split = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        split.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase())).map(str::to_owned).collect()
    };
    let dictionary = ["all_tab_comments", "table_name", "comments", "owner", "passmint", "changed_utc"];
    let known = &words(&schema) | &dictionary.map(str::to_owned).into();
    assert_eq!(&words(block) - &known, BTreeSet::new());
    assert!(words(block).is_superset(&["login", "changed_at", "sealed"].map(str::to_owned).into()));
}
