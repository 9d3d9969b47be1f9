#!/bin/sh
# `sh tools/bootstrap.sh tools/x.ts args…`: runs one of the project's tools on the Node that it brings.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/node.sh"
PATH="$(dirname "$SKIFF_NODE"):$root/node_modules/.bin:$PATH"
export PATH
script=$1
shift
exec "$SKIFF_NODE" --disable-warning=ExperimentalWarning "$root/$script" "$@"
