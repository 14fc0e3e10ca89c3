-- Runs before the mirror's first start. Replaces `IS JSON` of PostgreSQL 16, which Debian 12 lacks (mend 1 of mirror.py).
create function wire_is_json(document text) returns boolean language plpgsql immutable as $$
  begin
    perform document::json;
    return true;
  exception when others then
    return false;
  end $$;
create function wire_is_json(document bytea) returns boolean language plpgsql immutable as $$
  begin
    return public.wire_is_json(convert_from(document, 'UTF8'));
  exception when others then
    return false;
  end $$;
