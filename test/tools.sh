#!/usr/bin/env bash
# Makes sure of the tools that the tests need: a Chromium with fonts for Chinese, and PostgreSQL's server programs.
# As root it installs what is missing with apt; otherwise it says what to install and fails. Nothing is skipped.
# Where apt has no Chromium of its own (Ubuntu hands out a snap), the browser tests' own build of it is fetched.
set -euo pipefail

exists() { compgen -G "$1" >/dev/null; }
browser() {
	[ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || [ -x /usr/bin/google-chrome ] ||
		exists "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}/chromium-*"
}

missing=()
browser || missing+=(chromium)
exists '/usr/share/fonts/*/*/*CJK*' || exists '/usr/share/fonts/*/*CJK*' || missing+=(fonts-noto-cjk)
exists '/usr/lib/postgresql/*/bin/initdb' || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "the tests need these packages: ${missing[*]} (for example: sudo apt-get install -y ${missing[*]})" >&2
	exit 1
fi
echo "installing ${missing[*]} for the tests …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
packages=()
for p in "${missing[@]}"; do
	if [ "$p" = chromium ] && ! apt-cache show chromium >/dev/null 2>&1; then
		(cd "$(dirname "$0")/../web" && npx playwright install --with-deps chromium)
	else
		packages+=("$p")
	fi
done
[ ${#packages[@]} -eq 0 ] || apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
