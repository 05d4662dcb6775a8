#!/bin/sh
# Uploads a file with curl and prints the scan's id.
#   upload.sh FILE [http://127.0.0.1:8080]
set -eu
server=${2:-http://127.0.0.1:8080}
curl --silent --show-error --fail-with-body -F "file_upload=@$1" -F minspeed=3 -F allow_internet=false "$server/api/v1/sample" |
  sed -n 's/^{"id":\([0-9]*\),.*/\1/p'
