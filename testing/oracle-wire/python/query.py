#!/usr/bin/env python3
"""query.py PORT USER PASSWORD STATEMENT: prints the rows of a query, one in a line, with tabs between the values."""
import sys

import seerdb

port, user, password, statement = sys.argv[1:]
connection = seerdb.connect(host="127.0.0.1", port=int(port), user=user, password=password, service_name="wire_tp")
cursor = connection.cursor()
cursor.execute(statement)
for row in cursor.fetchall():
    print("\t".join(value.hex() if isinstance(value, bytes) else str(value) for value in row))
connection.close()
