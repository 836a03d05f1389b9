#!/usr/bin/env bash
# Tests need Debian's PostgreSQL, OpenSSH server, Chromium, a Chinese font and Pango (certificates), those of Spark (argument: spark) its Java.
# Install what is missing where we may; else say what to do.
set -euo pipefail
missing=()
if [ "${1:-}" = spark ]; then
  [ -n "${JAVA_HOME:-}" ] || command -v java >/dev/null || missing+=(default-jre-headless)
else
  compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)
  [ -x /usr/sbin/sshd ] || missing+=(openssh-server)
  command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || missing+=(chromium)
  { command -v fc-list >/dev/null && fc-list :lang=zh-cn family | grep -q .; } || missing+=(fonts-noto-cjk fontconfig)
  libraries=$(/sbin/ldconfig -p)
  [[ $libraries == *libpango-1.0.so.0* ]] || missing+=(libpango-1.0-0)
  [[ $libraries == *libpangoft2-1.0.so.0* ]] || missing+=(libpangoft2-1.0-0)
  [[ $libraries == *libharfbuzz-subset.so.0* ]] || missing+=(libharfbuzz-subset0)
fi
# Chromium without the window around the page: a quarter of the processor time for the same pages. Where it cannot be had, Chromium serves.
wanted=()
[ "${1:-}" = spark ] || command -v chromium-headless-shell >/dev/null || wanted+=(chromium-headless-shell)
[ ${#missing[@]} -eq 0 ] && [ ${#wanted[@]} -eq 0 ] && exit 0

say() { echo "The tests need the Debian packages ${missing[*]}: install them as root with 'apt-get install ${missing[*]}', then run make test again." >&2; exit 1; }
stop() { [ ${#missing[@]} -eq 0 ] && exit 0; say; }
command -v apt-get >/dev/null || stop
if [ "$(id -u)" -eq 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo -n); else stop; fi
echo "Installing ${missing[*]} ${wanted[*]} ..."
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq >/dev/null || stop
[ ${#missing[@]} -eq 0 ] || "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || say
[ ${#wanted[@]} -eq 0 ] || "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null 2>&1 || true
