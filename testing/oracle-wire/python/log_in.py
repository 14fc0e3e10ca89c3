#!/usr/bin/env python3
"""log_in.py PORT USER PASSWORD: logs in to the mirror once. A user's first log-in makes the schema."""
import sys

import seerdb

port, user, password = sys.argv[1:]
seerdb.connect(host="127.0.0.1", port=int(port), user=user, password=password, service_name="wire_tp").close()
