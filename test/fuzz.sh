#!/usr/bin/env bash
# Runs every fuzz target of the project, one after another, for FUZZTIME each (default 60s; also a count such as 1000x).
# Ends with 1 when any of them found something, after all have run: the input that shows it lies in the package's
# testdata/fuzz folder and is a test from then on.
#
#   test/fuzz.sh                    all targets
#   test/fuzz.sh ./pack ./wire/...  those of some packages
set -euo pipefail
cd "$(dirname "$0")/.."
: "${FUZZTIME:=60s}"
[ $# -gt 0 ] || set -- ./cmd/... ./internal/... ./pack/... ./packs/... ./schema/... ./wire/...

# One line a target: package and name. Listing compiles every test, so a package that does not compile ends it here.
targets=$(go test -list '^Fuzz' "$@" | awk '
	/^Fuzz/ { names[++n] = $1; next }
	$1 == "ok" { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }')
[ -n "$targets" ] || { echo "there is nothing to fuzz in $*" >&2; exit 1; }

found=()
while read -r package name; do
	echo "== $package $name for $FUZZTIME"
	# Without the ordinary tests (-run) and on the processors that GOMAXPROCS leaves (-parallel is its default).
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$FUZZTIME" "$package" </dev/null || found+=("$package $name")
done <<<"$targets"

if [ ${#found[@]} -gt 0 ]; then
	echo "found something:" >&2
	printf '  %s\n' "${found[@]}" >&2
	exit 1
fi
echo "$(wc -l <<<"$targets") targets found nothing"
