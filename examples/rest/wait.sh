#!/bin/sh
# Waits until a scan is complete and prints its verdict.
#   wait.sh ID [http://127.0.0.1:8080]
set -eu
server=${2:-http://127.0.0.1:8080}
while :; do
  report=$(curl --silent --show-error --fail-with-body "$server/api/v1/sample/$1")
  case $report in
    *'"end_date":null'*) sleep 1 ;;
    *) break ;;
  esac
done
printf '%s\n' "$report" | sed -n 's/.*"end_date":"[^"]*","verdict":"\([a-z]*\)".*/\1/p'
