-- Views of Oracle's dictionary that `passmint check` reads and the mirror lacks. They are constants, so the steps
-- "password", "privileges" and "quota" prove nothing here but that the client fetches them.
create or replace view sys.session_privs as
  select p::varchar(40) as privilege from (values ('CREATE SESSION'), ('CREATE TABLE')) as held (p);
create or replace view sys.user_ts_quotas as
  select 'DATA'::varchar(30) as tablespace_name, 0::numeric as bytes, 1073741824::numeric as max_bytes;
create or replace view sys.user_users as
  select 'OPEN'::varchar(32) as account_status, (localtimestamp(0) + interval '360 days')::timestamp(0) as expiry_date;
