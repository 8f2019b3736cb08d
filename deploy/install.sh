#!/bin/sh
# install.sh SOURCE [NAME]: install the release in the folder SOURCE and run it.
#
#   sudo deploy/install.sh /tmp/dynamodb-items    an unpacked release archive, or a checkout
#   sudo deploy/install.sh --switch NAME          run another installed release
#   deploy/install.sh --list                      list the installed releases; * marks the running one
#
# PYTHON is the interpreter, 3.11 or newer (default python3); PREFIX the folder of the releases
# (default /opt/dynamodb-items); UNITS the folder of systemd's units; SYSTEMCTL the command that
# restarts the service. SETTINGS (default /etc/dynamodb-items.env) is the settings file: other users
# lose access to it, since it may contain secrets; systemd reads it as root.
# If a release cannot be installed, nothing changes.
set -eu
# The user of the unit is not root and must be able to read the release.
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
        fail "Release $1 is not installed. List the installed releases with: install.sh --list"
    [ ! -e "$settings" ] || chmod g-wx,o= "$settings"
    # A rename is atomic, so that a current release exists at any time.
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
    [ -f "$source/requirements/image.lock" ] || fail "$source is not a release. Use the folder of an unpacked release archive or a checkout."
    [ -e "$release" ] && fail "Release $name is already installed. Choose another NAME."
    echo "Installing release $name …"
    mkdir -p "$prefix/releases"
    new=$(mktemp -d "$prefix/releases/.new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    mkdir "$new/deploy"
    cp "$source/deploy/install.sh" "$source/deploy/items.service" "$new/deploy/"
    # A release archive contains the wheel; pip builds that of a checkout.
    package=$(find "$source" -maxdepth 1 -name '*.whl')
    # The folder of mktemp is private, and so are files that were unpacked with a stricter umask.
    chmod -R go+rX "$new"
    ${PYTHON:-python3} -m venv "$new/venv" || fail "Cannot make a virtual environment. Set PYTHON to Python 3.11 or newer."
    "$new/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --requirement "$source/requirements/image.lock"
    "$new/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
        "${package:-$source}"
    mv -T "$new" "$release"
    trap - EXIT
    switch "$name"
}

case ${1:-} in
    "" | -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0" ;;
    --list) list ;;
    --switch) switch "${2:?add the NAME of a release}" ;;
    *) install_release "$1" "${2:-$(date -u +%Y%m%d-%H%M%S)}" ;;
esac
