"""Prints name and verdict of one engine for every scan, from the CSV export.

    python3 export_csv.py ENGINE [http://127.0.0.1:8080]
"""
import csv
import sys

import requests

engine = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080"

with requests.get(server + "/export/csv", stream=True) as answer:
    answer.raise_for_status()
    answer.encoding = "utf-8"
    for row in csv.DictReader(answer.iter_lines(decode_unicode=True), delimiter=";"):
        print("%s\t%s\t%s" % (row["name"], row["sha256"], row[engine]))
