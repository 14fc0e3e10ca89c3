//! The part of Oracle's data dictionary that `check` reads, and the double's own record of its tables.

/// The tables that every file has from the first connect on.
pub const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS ora$columns (table_name, column_name, declared, nullable, position);
    CREATE TABLE IF NOT EXISTS ora$constraints (name, table_name, kind, columns, parent);
    CREATE TABLE IF NOT EXISTS ora$indexes (name, table_name, uniqueness);
    CREATE TABLE IF NOT EXISTS ora$comments (table_name, column_name, comments);";

/// The query behind a dictionary view.
pub fn view(name: &str) -> Option<&'static str> {
    Some(match name {
        "DUAL" => "SELECT 'X' AS DUMMY",
        "SESSION_PRIVS" => "SELECT value AS PRIVILEGE FROM json_each(ora_privs())",
        "USER_SYS_PRIVS" => {
            "SELECT ora_context('USERENV', 'SESSION_USER') AS USERNAME, value AS PRIVILEGE FROM json_each(ora_privs())"
        }
        "USER_TS_QUOTAS" => {
            "SELECT 'DATA' AS TABLESPACE_NAME, 0 AS BYTES, ora_quota() AS MAX_BYTES WHERE ora_quota() IS NOT NULL"
        }
        "V$VERSION" => {
            "SELECT 'Oracle double (not an Oracle Database)' AS BANNER,
                    'Oracle double (not an Oracle Database)' AS BANNER_FULL, 0 AS CON_ID"
        }
        "USER_TABLES" | "USER_OBJECT_TABLES" => "SELECT DISTINCT table_name AS TABLE_NAME FROM ora$columns",
        "USER_TAB_COLUMNS" | "USER_TAB_COLS" => {
            "SELECT table_name AS TABLE_NAME, column_name AS COLUMN_NAME, declared AS DATA_TYPE,
                    nullable AS NULLABLE, position AS COLUMN_ID FROM ora$columns"
        }
        "USER_TAB_COMMENTS" => {
            "SELECT DISTINCT t.table_name AS TABLE_NAME, c.comments AS COMMENTS FROM ora$columns t
             LEFT JOIN ora$comments c ON c.table_name = t.table_name AND c.column_name = ''"
        }
        "USER_COL_COMMENTS" => {
            "SELECT t.table_name AS TABLE_NAME, t.column_name AS COLUMN_NAME, c.comments AS COMMENTS FROM ora$columns t
             LEFT JOIN ora$comments c ON c.table_name = t.table_name AND c.column_name = t.column_name"
        }
        // A DATE is a number of days since 1970 here.
        "USER_USERS" => {
            "SELECT ora_context('USERENV', 'SESSION_USER') AS USERNAME, ifnull(ora_file('status'), 'OPEN') AS ACCOUNT_STATUS,
                    julianday(ora_file('expiry')) - 2440587.5 AS EXPIRY_DATE, 'DEFAULT' AS PROFILE"
        }
        "USER_CONSTRAINTS" => {
            "SELECT name AS CONSTRAINT_NAME, table_name AS TABLE_NAME, kind AS CONSTRAINT_TYPE FROM ora$constraints"
        }
        "USER_INDEXES" => {
            "SELECT name AS INDEX_NAME, table_name AS TABLE_NAME, uniqueness AS UNIQUENESS FROM ora$indexes"
        }
        "USER_OBJECTS" => {
            "SELECT DISTINCT table_name AS OBJECT_NAME, 'TABLE' AS OBJECT_TYPE FROM ora$columns
             UNION ALL SELECT name, 'INDEX' FROM ora$indexes"
        }
        _ => return None,
    })
}
