"""Uploads a file as JSON, waits until the scan is complete and prints what each engine says.

    python3 scan_json.py FILE [http://127.0.0.1:8080]
"""
import base64
import os
import sys
import time

import requests

path = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080"

with open(path, "rb") as sample:
    answer = requests.post(
        server + "/api/v1/sample",
        json={
            "allow_internet": "False",
            "minspeed": 3,
            "sample": base64.b64encode(sample.read()).decode(),
            "sample_name": os.path.basename(path),
        },
    )
if answer.status_code != 200:
    sys.exit(answer.json()["error"])
scan_id = answer.json()["id"]

while True:
    report = requests.get("%s/api/v1/sample/%d" % (server, scan_id)).json()
    if report["end_date"] is not None:
        break
    time.sleep(0.5)

for entry in report["result"]:
    print("%s: %s" % (entry["name"], entry.get("error") or entry["result"] or "-"))
print("verdict: %s" % report["verdict"])
