//! The part of Oracle's data dictionary that the driver and its tests read.

/// Comments on columns, and on tables (a column without a name). It is in every file from the first connect on.
pub const COMMENTS: &str = "CREATE TABLE IF NOT EXISTS ora$comments (of, at, text, PRIMARY KEY (of, at))";

/// The query behind a dictionary view.
pub fn view(name: &str) -> Option<&'static str> {
    Some(match name {
        "DUAL" => "SELECT 'X' AS DUMMY",
        "SESSION_PRIVS" => "SELECT value AS PRIVILEGE FROM json_each(ora_privs())",
        "USER_TS_QUOTAS" => {
            "SELECT 'DATA' AS TABLESPACE_NAME, 0 AS BYTES, ora_quota() AS MAX_BYTES WHERE ora_quota() IS NOT NULL"
        }
        "USER_TAB_COLUMNS" => {
            "SELECT t.name AS TABLE_NAME, c.name AS COLUMN_NAME FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name <> 'ora$comments'"
        }
        "USER_TAB_COMMENTS" => "SELECT of AS TABLE_NAME, text AS COMMENTS FROM ora$comments WHERE at = ''",
        "USER_COL_COMMENTS" => {
            "SELECT of AS TABLE_NAME, at AS COLUMN_NAME, text AS COMMENTS FROM ora$comments WHERE at <> ''"
        }
        "USER_USERS" => {
            "SELECT ora_context('USERENV', 'SESSION_USER') AS USERNAME, ifnull(ora_file('status'), 'OPEN') AS ACCOUNT_STATUS,
                    datetime(ora_file('expiry')) AS EXPIRY_DATE"
        }
        _ => return None,
    })
}
