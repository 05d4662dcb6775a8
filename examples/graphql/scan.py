"""Uploads a file, has it scanned and follows the scan as server-sent events.

    python3 scan.py FILE [http://127.0.0.1:8080]
"""
import json
import os
import sys

import requests

path = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080"
session = requests.Session()
if "SCANMESH_API_KEY" in os.environ:
    session.headers["Authorization"] = "Bearer " + os.environ["SCANMESH_API_KEY"]

SUBMIT = """
mutation Submit($input: SubmitScanInput!) {
  submitScan(input: $input) {
    ... on SubmitScanSuccess { scan { scanId } }
    ... on UserError { message }
  }
}
"""
WATCH = """
subscription Watch($id: SafeInt!) {
  scanUpdated(id: $id) { verdict done total endDate results { engine state verdict signature error } }
}
"""


def data_of(answer):
    if answer.get("errors"):
        sys.exit("\n".join(error["message"] for error in answer["errors"]))
    return answer["data"]


def ask(query, variables=None):
    return data_of(session.post(server + "/graphql", json={"query": query, "variables": variables}).json())


def follow(query, variables):
    """The results of a subscription, one after the other."""
    headers = {"Accept": "text/event-stream"}
    body = {"query": query, "variables": variables}
    with session.post(server + "/graphql/stream", json=body, headers=headers, stream=True) as stream:
        stream.raise_for_status()
        stream.encoding = "utf-8"
        for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
            if line.startswith("data: {"):
                yield data_of(json.loads(line[len("data: "):]))


# The bytes go to an address of their own, then the scan names the upload.
upload = ask("mutation { createUpload { id url } }")["createUpload"]
with open(path, "rb") as sample:
    requests.put(upload["url"], data=sample).raise_for_status()
submitted = ask(SUBMIT, {"input": {"uploadId": upload["id"], "name": os.path.basename(path)}})["submitScan"]
if "message" in submitted:
    sys.exit(submitted["message"])

for update in follow(WATCH, {"id": submitted["scan"]["scanId"]}):
    scan = update["scanUpdated"]
    print("%d of %d engines" % (scan["done"], scan["total"]), file=sys.stderr)

for result in scan["results"]:
    print("%s: %s" % (result["engine"], result["signature"] or result["error"] or result["verdict"] or result["state"]))
print("verdict: %s" % scan["verdict"])
sys.exit(1 if scan["verdict"] in ("INFECTED", "SUSPICIOUS") else 0)
