#!/bin/sh
# install.sh SOURCE [NAME]: install the release in the folder SOURCE next to the others and run it.
#
#   sudo deploy/install.sh /tmp/dynamodb-items           the folder that this script came in
#   sudo deploy/install.sh --switch NAME                 back to a release that is still installed
#   deploy/install.sh --list                             the releases, the running one marked
#
# PREFIX (default /opt/dynamodb-items) is the folder of the releases, SYSTEMCTL restarts the service,
# PYTHON is the interpreter, 3.11 or newer. A release that cannot be installed changes nothing.
# SETTINGS (default /etc/dynamodb-items.env) is the settings file: users other than its owner and
# group lose access to it, since it may contain secrets. systemd reads it as root.
set -eu
# The unit's user is not root: it must be able to read the release.
umask 022

prefix=${PREFIX:-/opt/dynamodb-items}
systemctl=${SYSTEMCTL:-systemctl}
units=${UNITS:-/etc/systemd/system}
settings=${SETTINGS:-/etc/dynamodb-items.env}

fail() {
    echo "$1" >&2
    exit 1
}

list() {
    running=$(readlink "$prefix/current" 2>/dev/null || true)
    for release in "$prefix"/releases/*; do
        [ -d "$release" ] || continue
        mark=" "
        [ "releases/${release##*/}" = "$running" ] && mark="*"
        echo "$mark ${release##*/}"
    done
}

switch() {
    [ -x "$prefix/releases/$1/venv/bin/python" ] ||
        fail "There is no release $1; install.sh --list shows the installed ones."
    [ ! -e "$settings" ] || chmod g-wx,o= "$settings"
    # A rename, so that there is no moment without a current release.
    ln -sfn "releases/$1" "$prefix/current.new"
    mv -T "$prefix/current.new" "$prefix/current"
    cp "$prefix/current/deploy/items.service" "$units/items.service"
    $systemctl daemon-reload
    $systemctl enable --quiet items
    $systemctl restart items
    echo "Release $1 is running."
}

install_release() {
    source=$1
    name=$2
    release=$prefix/releases/$name
    [ -f "$source/requirements/image.lock" ] || fail "$source is not a release of the service."
    [ -e "$release" ] && fail "There is a release $name already; give it another name."
    echo "Installing release $name …"
    mkdir -p "$prefix/releases"
    new=$(mktemp -d "$prefix/releases/.new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    mkdir "$new/deploy"
    cp "$source/deploy/install.sh" "$source/deploy/items.service" "$new/deploy/"
    # A release brings the wheel; a checkout is built into one.
    package=$(find "$source" -maxdepth 1 -name '*.whl')
    # mktemp's folder is private, and so are files that were unpacked under a stricter umask.
    chmod -R go+rX "$new"
    ${PYTHON:-python3} -m venv "$new/venv" || fail "PYTHON names the interpreter: 3.11 or newer."
    "$new/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --requirement "$source/requirements/image.lock"
    "$new/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
        "${package:-$source}"
    mv -T "$new" "$release"
    trap - EXIT
    switch "$name"
}

case ${1:-} in
    "" | -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0" ;;
    --list) list ;;
    --switch) switch "${2:?NAME is missing}" ;;
    *) install_release "$1" "${2:-$(date -u +%Y%m%d-%H%M%S)}" ;;
esac
