#!/bin/sh
# Install the programs that the tests start (Debian, Ubuntu), or say which are missing and fail.
set -eu

missing=""
need() { # package, test that succeeds when it is there
    sh -c "$2" >/dev/null 2>&1 || missing="$missing $1"
}
need postgresql 'ls /usr/lib/postgresql/*/bin/postgres || command -v postgres'
need redis-server 'command -v redis-server'
need chromium 'command -v chromium || command -v chromium-browser || command -v google-chrome'
need fonts-noto-cjk 'fc-list :lang=ja | grep -q .'
need dcmtk 'command -v storescu && command -v movescu'
need orthanc 'command -v Orthanc || test -x /usr/sbin/Orthanc'
need orthanc-dicomweb 'test -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so'
need fontconfig 'command -v fc-list'
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    as_root="none"
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null; then
    echo "The tests need these system packages, which may not be installed from here:$missing" >&2
    exit 1
fi
echo "== Installing system packages:$missing"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
