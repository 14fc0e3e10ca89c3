//! A person with a SQL worksheet: the guide's statements show what it says, and `check` counts the same entries.

use oracle_wire::Stand;

/// One account with an entry of each kind: short, long, deleted. Its last change is of 2026-09-21, 15:13 UTC.
const VAULT: &str = "
    INSERT INTO passmint.accounts (id, login, passphrase_record, passphrase_key, recovery_record, recovery_key, epoch,
        change_no, entries, created_at) VALUES
        ('\\x0a', 'ada', '\\x01', '\\x02', '\\x03', '\\x04', 0, 4, 2, 1789000000000);
    INSERT INTO passmint.passwords (account_id, id, version, change_no, sealed, sealed_large, deleted_at, changed_at,
        sealed_deletion) VALUES
        ('\\x0a', '\\x01', 1, 1, '\\x01ab', NULL, NULL, 1790000000123, NULL),
        ('\\x0a', '\\x02', 1, 2, NULL, '\\x01cd', NULL, 1790000060123, NULL),
        ('\\x0a', '\\x03', 2, 4, NULL, NULL, 1790003600123, 1790003600123, '\\x02');";

#[test]
fn statements_of_the_guide_show_comments_counts_and_sealed_bytes() {
    let stand = Stand::start();
    assert_eq!(stand.check(&[]).code, Some(0));
    stand.run_sql(VAULT);
    let guide = include_str!("../../../../docs/ORACLE.md");
    let (_, rest) = guide.split_once("### What you see in SQL").unwrap();
    let (_, rest) = rest.split_once("```sql").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let statements: Vec<&str> = block.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect();
    let [comments, accounts, entries] = statements[..] else { panic!("{statements:?}") };

    let comments = stand.query_as_admin(comments);
    assert_eq!(comments.len(), 8, "{comments:?}");
    let of_passwords = comments.iter().find(|row| row[0] == "PASSWORDS").unwrap();
    assert!(of_passwords[1].starts_with("One row is one entry, sealed"), "{of_passwords:?}");
    assert_eq!(stand.query_as_admin(accounts), [["ada", "2"]]);
    assert_eq!(
        stand.query_as_admin(entries),
        [["2", "2026-09-21 15:13", "None"], ["1", "2026-09-21 14:14", "None"], ["1", "2026-09-21 14:13", "01ab"]]
    );
}

#[test]
fn check_ends_with_the_number_of_entries_and_the_last_change() {
    let stand = Stand::start();
    let last_line = || stand.check(&[]).stdout.lines().last().unwrap_or_default().to_owned();
    let line = last_line();
    assert!(line.starts_with("✓ entries") && line.ends_with("no entries yet"), "{line}");
    stand.run_sql(VAULT);
    let line = last_line();
    assert!(line.ends_with("2 entries in 1 account, the last change 2026-09-21 15:13 UTC"), "{line}");
}
