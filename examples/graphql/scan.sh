#!/bin/sh
# Uploads a file, has it scanned, prints each change as a line of JSON; the last has the verdict.
#   scan.sh FILE [http://127.0.0.1:8080]
set -eu
server=${2:-http://127.0.0.1:8080}

ask() { # PATH BODY
  curl --silent --show-error --no-buffer --fail-with-body --header 'content-type: application/json' \
    ${SCANMESH_API_KEY:+--header "authorization: Bearer $SCANMESH_API_KEY"} --data "$2" "$server$1"
}
refused() { echo "$1" >&2; exit 2; }
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

upload=$(ask /graphql '{"query": "mutation { createUpload { id url } }"}') || refused "$upload"
curl --silent --show-error --fail-with-body --upload-file "$1" "$(echo "$upload" | field url)" >&2
submitted=$(ask /graphql '{
  "query": "mutation Submit($id: ID!) { submitScan(input: { uploadId: $id }) { ... on SubmitScanSuccess { scan { scanId } } ... on UserError { message } } }",
  "variables": { "id": "'"$(echo "$upload" | field id)"'" }
}') || refused "$submitted"
scan=$(echo "$submitted" | field scanId)
[ -n "$scan" ] || refused "$submitted"

last=$(ask /graphql/stream '{
  "query": "subscription Watch($id: SafeInt!) { scanUpdated(id: $id) { scanId verdict done total endDate results { engine state verdict signature error } } }",
  "variables": { "id": '"$scan"' }
}' | sed -n 's/^data: {/{/p' | tee /dev/stderr | tail -n 1)
echo "$last"
case $last in *'"scanId":'*'"verdict":"INFECTED"'* | *'"scanId":'*'"verdict":"SUSPICIOUS"'*) exit 1 ;; esac
