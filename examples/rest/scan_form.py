"""Uploads a file as a form and polls /api/report, as clients from before /api/v1 do.

    python3 scan_form.py FILE [http://127.0.0.1:8080]
"""
import os
import sys
import time

import requests

path = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080"

with open(path, "rb") as sample:
    answer = requests.post(
        server + "/api/upload",
        files={"file_upload": (os.path.basename(path), sample)},
        data={"minspeed": "3", "allow_internet": "false"},
    ).json()
if "error" in answer:
    sys.exit(answer["error"])
if answer["file"]["name"] != os.path.basename(path):
    sys.exit("this is the answer for another file")

while True:
    report = requests.get(server + "/api/report", params={"id": answer["id"]}).json()
    waiting = [entry for entry in report["result"] if entry["queued"] != 0 or entry["scanning"] != 0]
    if report["end_date"] is not None or not waiting:
        break
    time.sleep(0.5)

infected = [entry["name"] for entry in report["result"] if entry["infected"] is True]
print("infected by: %s" % (", ".join(infected) or "nobody"))
