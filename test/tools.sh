#!/usr/bin/env bash
# Makes sure of the tools that the tests need: a Chromium with fonts for Chinese, and PostgreSQL's server programs.
# As root it installs what is missing with apt; otherwise it says what to install and fails. Nothing is skipped.
set -euo pipefail

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || [ -n "${CHROMIUM:-}" ] || missing+=(chromium)
ls /usr/share/fonts/*/*/*CJK* /usr/share/fonts/*/*CJK* >/dev/null 2>&1 || missing+=(fonts-noto-cjk)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "the tests need these packages: ${missing[*]} (for example: sudo apt-get install -y ${missing[*]})" >&2
	exit 1
fi
echo "installing ${missing[*]} for the tests …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
