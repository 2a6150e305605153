#!/usr/bin/env bash
# Plays the nine stories of the demo one after the other and prints how each went; fails when one did not go as it must.
# Every story runs on free ports in a world of its own, and ends by itself.
set -uo pipefail

posmedic=${POSMEDIC_BIN:-./bin/posmedic}
failed=0
for story in ${*:-app-hung sign-in-expired clock-wrong sim-no-data host-down unregistered-97 paper-out tampered power-cut}; do
	"$posmedic" demo --story "$story" --headless --json 2>/dev/null || failed=1
done
exit $failed
