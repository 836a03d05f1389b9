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
  command -v chromium >/dev/null || missing+=(chromium)
  { command -v fc-list >/dev/null && fc-list :lang=zh-cn family | grep -q .; } || missing+=(fonts-noto-cjk fontconfig)
  libraries=$(/sbin/ldconfig -p)
  [[ $libraries == *libpango-1.0.so.0* ]] || missing+=(libpango-1.0-0)
  [[ $libraries == *libpangoft2-1.0.so.0* ]] || missing+=(libpangoft2-1.0-0)
  [[ $libraries == *libharfbuzz-subset.so.0* ]] || missing+=(libharfbuzz-subset0)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

say() { echo "The tests need the Debian packages ${missing[*]}: install them as root with 'apt-get install ${missing[*]}', then run make test again." >&2; exit 1; }
command -v apt-get >/dev/null || say
if [ "$(id -u)" -eq 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo -n); else say; fi
echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq >/dev/null || say
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || say
