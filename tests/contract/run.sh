#!/bin/sh
# Sends the control plane of a fresh host what its OpenAPI document allows and what it does not, and checks every answer
# against the document. Takes the number of examples for each operation, 100 when absent, and then options of `st run`.
# Needs a built `weir` (`WEIR=path`, else the one in the target folder), Python 3, and schemathesis from PyPI.
set -eu

examples=${1:-100}
[ $# -gt 0 ] && shift
root=$(cd "$(dirname "$0")/../.." && pwd)
weir=${WEIR:-${CARGO_TARGET_DIR:-$root/target}/debug/weir}
st=${ST:-st}

if ! command -v "$st" >/dev/null 2>&1; then
    echo "skipped: the contract test needs schemathesis; install it with: python3 -m venv V && V/bin/pip install schemathesis, and set ST=V/bin/st"
    exit 0
fi

data=$(mktemp -d)
printf '[gateway]\nlisten = "127.0.0.1:0"\n[control]\nlisten = "127.0.0.1:0"\n' >"$data/host.toml"
"$weir" serve --data "$data" >"$data/serve.log" 2>&1 &
host=$!
trap 'kill "$host" 2>/dev/null || true; wait "$host" 2>/dev/null || true; rm -rf "$data"' EXIT
tries=0
until [ -s "$data/addresses.json" ] && [ -s "$data/operator.token" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "the host did not start:"; cat "$data/serve.log"; exit 1; }
    sleep 0.1
done
control=$(sed -n 's/.*"control": *"\([^"]*\)".*/\1/p' "$data/addresses.json")
token=$(cat "$data/operator.token")

cd "$root/tests/contract"
"$st" run "$control/v1/openapi.json" --url "$control" --header "Authorization: Bearer $token" \
    --checks all --max-examples "$examples" "$@"
