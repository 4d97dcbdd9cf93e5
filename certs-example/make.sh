#!/bin/sh
# Makes a throw-away authority, a server certificate, two device certificates and a claim in ./out (kept out of git).
# Needs only the repository: `npm ci` first. Run it again to renew what soon expires; it changes nothing else.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-"$here/out"}
siaga() { node "$here/../scripts/run.mjs" cloud/src/main.ts "$@"; }

siaga pki init --dir "$out"
siaga pki server --dir "$out" --name siaga.example
siaga pki device --dir "$out" katulampa depok
siaga pki claim --dir "$out" depot
siaga pki crl --dir "$out"
