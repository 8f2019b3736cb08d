#!/bin/sh
# install.sh SOURCE [NAME]: install the release in the folder SOURCE and run it.
#
#   sudo deploy/install.sh /tmp/dynamodb-items    an unpacked release archive, or a checkout
#   sudo deploy/install.sh --switch NAME          run another installed release
#   deploy/install.sh --list                      list the installed releases; * marks the running one
#
# PYTHON is the interpreter, 3.11 or newer; by default the first that is installed. On Amazon Linux 2023
# without one, the script installs the package python3.11. PREFIX is the folder of the releases
# (default /opt/dynamodb-items); UNITS the folder of systemd's units; SYSTEMCTL the command that
# restarts the service. SETTINGS (default /etc/dynamodb-items.env) is the settings file: other users
# lose access to it, since it may contain secrets; systemd reads it as root.
# A release archive contains the packages, so that no package index is needed; a checkout does not.
# If a release cannot be installed, nothing changes.
set -eu
# The user of the unit is not root and must be able to read the release.
umask 022

prefix=${PREFIX:-/opt/dynamodb-items}
systemctl=${SYSTEMCTL:-systemctl}
units=${UNITS:-/etc/systemd/system}
settings=${SETTINGS:-/etc/dynamodb-items.env}
os_release=${OS_RELEASE:-/etc/os-release}

fail() {
    echo "$1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# version PYTHON: print such as 3.11, or nothing if it is not a Python.
version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

# Set python to an interpreter that is new enough.
find_python() {
    for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if is_new_enough "$python"; then return; fi
    done
    if [ -z "${PYTHON:-}" ] && grep -q '^PLATFORM_ID="platform:al2023"' "$os_release"; then
        echo "Installing Python 3.11 …"
        dnf install --assumeyes --quiet python3.11 || fail "Cannot install the package python3.11."
        python=python3.11
        return
    fi
    python=${PYTHON:-python3}
    found=$(version "$python")
    fail "Python 3.11 or newer is required, and $python is ${found:-not a Python}. Install it, or set PYTHON to its path."
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

# pip ARGUMENTS…: install into the new environment; report a failure in two lines.
pip() {
    if ! problem=$("$new/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        "$@" 2>&1); then
        echo "$problem" | grep -i error | tail -n 1 >&2
        fail "Cannot install the packages. Check the connection to the package index, or install a release archive, which contains them."
    fi
}

install_release() {
    source=$1
    name=$2
    release=$prefix/releases/$name
    [ -f "$source/requirements/image.lock" ] || fail "$source is not a release. Use the folder of an unpacked release archive or a checkout."
    [ -e "$release" ] && fail "Release $name is already installed. Choose another NAME."
    find_python
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
    $python -m venv "$new/venv" || fail "Cannot make a virtual environment with $python. On Debian and Ubuntu, install the package python3-venv."
    set --
    target="$(version "$python") $(uname -m)"
    if [ -d "$source/wheels" ]; then
        if grep -qxF "$target" "$source/wheels/TARGETS"; then
            set -- --no-index --find-links "$source/wheels"
        else
            echo "The release has no packages for Python $target: installing them from the package index."
        fi
    fi
    pip "$@" --require-hashes --requirement "$source/requirements/image.lock"
    pip "$@" --no-deps "${package:-$source}"
    mv -T "$new" "$release"
    trap - EXIT
    switch "$name"
}

case ${1:-} in
    "" | -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0" ;;
    --list) list ;;
    --switch) switch "${2:?add the NAME of a release}" ;;
    *) install_release "$1" "${2:-$(date -u +%Y%m%d-%H%M%S)}" ;;
esac
