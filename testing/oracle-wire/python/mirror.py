#!/usr/bin/env python3
"""mirror.py -c SETTINGS: starts seerdb-mirror, mended in this process for Oracle's own client library (OCI).

Each mend replaces a function of the package by one of ours. They reach into private functions, so every version but
VERSION is refused. With a newer version: remove a mend, run the tests, and drop it if none fails. No line of the package
is copied here.
"""
import dataclasses
import importlib.metadata
import logging
import os
import re
import signal
import socket
import struct
import sys
import threading
import weakref

import seerdb.common.tns as tns
import seerdb.server.backends.postgres as postgres
import seerdb.server.launcher as launcher
import seerdb.server.lockout as lockout
import seerdb.server.service as service
import seerdb.server.session as session

VERSION = "3.3.0"
# A call of fewer bytes is complete in one packet.
COMPLETE_BELOW = 4000
# What begins a call that closes cursors, and one that cancels them.
CLOSE_CURSORS, CANCEL_CURSORS = b"\x11\x69", b"\x11\x78"
# Flags of a bind in the reply to a block.
BIND_IN, BIND_OUT = 0x20, 0x10
log = logging.getLogger("wire")


# Mend 1. The package's helper functions use `IS JSON`, which PostgreSQL has from 16 on; Debian 12 has 15. The function is
# in sql/prepare.sql.
def mend_is_json():
    postgres._HELPER_FUNCTIONS_DDL = postgres._HELPER_FUNCTIONS_DDL.replace("$1 IS JSON", "public.wire_is_json($1)")


# Mend 2. OCI sends SQL of more than 252 bytes in chunks, then a chunk of length zero. The package stops when it has the
# declared length, leaves that zero unread, and every bind behind it is read one byte too early.
def read_chunked_sql(data, declared):
    position, sql = 1, b""
    while position < len(data):
        size = data[position]
        part = data[position + 1:position + 1 + size]
        position += 1 + size
        if size == 0:
            break
        sql += part
    return sql[:declared], min(position, len(data))


# Mend 3. OCI may send a message that cancels cursors before a call. The package knows only the one that closes them, which
# has the same form: 11 bytes of head, the count, 4 bytes of padding, and 4 bytes for each cursor. Several may stand before
# a call.
def strip_cursor_messages(body, strip_close=tns.strip_oci_piggyback):
    while body[:2] == CANCEL_CURSORS and len(body) >= 19:
        count = struct.unpack_from("<I", body, 11)[0]
        body = body[19 + 4 * count:]
    rest = strip_close(body)
    if rest == body or rest[:1] != CANCEL_CURSORS[:1]:
        return rest
    return strip_cursor_messages(rest, strip_close)


# Mend 4. The package does not translate Oracle's way to drop a table with all that refers to it.
DROP_TABLE = re.compile(r"^\s*(DROP\s+TABLE\s+\w+)\s+CASCADE\s+CONSTRAINTS(\s+PURGE)?\s*$", re.I)


# Mend 5. The package executes only the first row of array DML and reports success. These functions read the other rows
# from the call, and execute them one after the other.
class OtherRows(threading.local):
    """The rows after the first of the call that this thread answers, and the call itself."""
    rows = ()
    request = None


other_rows = OtherRows()


def parse_binds(payload, sql_end, count, sql, words, parse_first=tns._parse_oci_binds):
    binds, described_binds = parse_first(payload, sql_end, count, sql, words)
    executions = struct.unpack_from("<I", payload, sql_end + 4)[0] if words > 1 else 1
    if not binds or executions < 2:
        return binds, described_binds
    behind_words = payload[sql_end + 4 * words:]
    descriptors, position = tns._oci_bind_descriptors(behind_words, count)
    # Long values stand behind the others in their row.
    last = [i for i in range(count) if tns._oci_bind_rides_last(descriptors[i])]
    order = [i for i in range(count) if i not in last] + last
    rest, rows = behind_words[position:], []
    try:
        while rest[:1] == bytes([tns.TTI_RXD]) and len(rows) < executions:
            rest, row = rest[1:], [None] * count
            for i in order:
                row[i], rest = tns._oci_bind_value(descriptors[i], rest)
            rows.append(row)
    except (IndexError, tns.DataError):
        pass  # the call is not complete: mend 6 reads on
    if len(rows) != executions or rows[0] != binds:
        raise tns.InterfaceError(f"array DML: read {len(rows)} rows of {executions}")
    other_rows.rows = tuple(rows[1:])
    return binds, described_binds


def parse_execute(payload, parse=tns.parse_exec_oci):
    other_rows.rows = ()
    other_rows.request = parse(payload)
    return other_rows.request


# Mend 9. The package describes a text column by its characters, and the client fails where a value has more bytes
# (ORA-03106, or no answer at all). Here a column has four bytes for each character.
#
# Mend 10. ODPI-C reads a BLOB by defining the column as LONG RAW. The package answers with a locator, for which the client
# does not ask (ORA-03106). Here a BLOB is described as LONG RAW, so that the bytes come in the row.
def mended_column(column):
    if column.data_type in (tns.TNS_TYPE_VARCHAR, tns.TNS_TYPE_CHAR):
        length, size = (min(4 * bytes_, 32767) for bytes_ in (column.data_length, column.max_size))
        return dataclasses.replace(column, data_length=length, max_size=size)
    if column.data_type == tns.TNS_TYPE_BLOB:
        return dataclasses.replace(column, data_type=tns.TNS_TYPE_LONGRAW, data_length=0, max_size=0)
    return column


class MendedBackend:
    """A backend whose `execute` runs every row, knows mend 4, and describes columns by mends 9 and 10."""

    def __init__(self, backend):
        self._backend = backend

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def execute(self, sql, binds):
        rows, other_rows.rows = other_rows.rows, ()
        sql = DROP_TABLE.sub(r"\1 CASCADE", sql)
        result = self._backend.execute(sql, binds)
        if result.columns:
            result = dataclasses.replace(result, columns=[mended_column(column) for column in result.columns])
        done = result.rowcount
        for row in rows:
            request = dataclasses.replace(other_rows.request, binds=row, bind_rows=[row])
            done += self._backend.execute(sql, session._bind_vars(request)).rowcount
        return dataclasses.replace(result, rowcount=done) if rows else result


# Mend 6. A call of more than 8 KiB comes in several packets, and no field of the first says so. The package takes the
# others for calls of their own. Here packets are joined until the call can be read. They are under way already, so the
# wait for each is short.
def join_packets(stream, body):
    while len(body) > COMPLETE_BELOW:
        try:
            tns.parse_exec_oci(body)
            return body
        except tns.InterfaceError:
            try:
                packet = stream.read_packet(within=0.5)
            except TimeoutError:
                return body
            if packet is None or packet[0] != tns.TNS_DATA:
                return body
            body += packet[1]
    return body


def answer_query(stream, backend, body, *others, answer=session._answer_query_oci):
    return answer(stream, MendedBackend(backend), join_packets(stream, body), *others)


# Mend 7. The package's reply to a block returns all binds, those that only went in too. The client then fails with
# ORA-01455 after the block has committed. Here a bind that had a value is marked IN and has none in the reply; a bind
# without a value is marked OUT. (A bind that is both cannot be told apart. Passmint has none.) A NULL gets the indicator
# -1, without which the client takes it for a number without digits.
def encode_out_binds(values, *, sequence, types=None, inputs=None, forms=None,
                     encode=session.encode_out_bind_response_oci):
    if not types or not inputs:
        return encode(values, sequence=sequence, types=types, inputs=inputs, forms=forms)
    row = bytes([tns.TTI_RXD])
    for i in (i for i, had_value in enumerate(inputs) if not had_value):
        value = tns._oci_outbind_rxd([values[i]], [types[i]], forms and [forms[i]])[1:]
        row += value if values[i] is not None else value[:-2] + struct.pack("<h", -1)
    flags = bytes(BIND_IN if had_value else BIND_OUT for had_value in inputs)
    return tns._oci_outbind_header(len(values)) + flags + row + tns._oci_outbind_tail(sequence)


# Mend 8. One line in the log for each rejected log-in, which tests count. The answer comes at once: the package delays it
# longer each time, which would hide how often a client tries. After ten, a username is locked (ORA-28000), as by Oracle's
# default profile.
def log_in_failed(user, count=lockout.failed):
    log.info("log-in rejected: %s", user)
    count(user)
    return 0.0


def is_locked(user, ask=lockout.is_locked):
    locked = ask(user)
    if locked:
        log.info("log-in rejected, locked: %s", user)
    return locked


# Tests cut all connections by SIGUSR2, as a firewall does.
class Connections:
    def __init__(self, make_stream=service.PacketStream):
        self._make_stream = make_stream
        self._sockets = weakref.WeakSet()

    def stream(self, connection):
        self._sockets.add(connection)
        return self._make_stream(connection)

    def cut(self, *_signal):
        for connection in list(self._sockets):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the client has closed it
        log.info("connections cut")


def end_with_standard_input():
    """Ends with the process that holds the other end of standard input, even if that one is killed."""
    sys.stdin.read()
    os._exit(0)


def main():
    found = importlib.metadata.version("seerdb")
    if found != VERSION:
        raise SystemExit(f"mirror.py mends seerdb {VERSION} only, found {found}")
    mend_is_json()
    tns._read_chunked_sql = read_chunked_sql
    session.strip_oci_piggyback = strip_cursor_messages
    tns._parse_oci_binds = parse_binds
    session.parse_exec_oci = parse_execute
    session._answer_query_oci = answer_query
    session.encode_out_bind_response_oci = encode_out_binds
    lockout.failed, lockout.is_locked = log_in_failed, is_locked
    connections = Connections()
    service.PacketStream = connections.stream
    signal.signal(signal.SIGUSR2, connections.cut)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    launcher.main()


main()
