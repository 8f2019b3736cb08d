#!/bin/sh
# release.sh [FOLDER]: build a release from the committed files into FOLDER (default build/release):
# wheel, sdist, the archive that deploy/install.sh installs, bill of materials, SHA256SUMS.
# The archive contains every package for the Pythons and machines below, with glibc 2.28 or newer;
# PYTHONS and MACHINES choose others.
# The same commit gives the same bytes. Run it with make release, which installs the tools.
set -eu
umask 022
cd "$(dirname "$0")/.."
out=${1:-build/release}
pythons=${PYTHONS:-3.11 3.12 3.13 3.14}
machines=${MACHINES:-x86_64 aarch64}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C

if [ -n "$(git status --porcelain)" ]; then
    echo "Uncommitted changes are not part of the release." >&2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source" "$work/dist"
git archive HEAD | tar -x -C "$work/source"

# archive FOLDER NAME: pack FOLDER/NAME as NAME.tar.gz, with the same owner, time and order everywhere.
archive() {
    # pax, since the names of some wheels are too long for ustar; without the times of this machine.
    tar --create --directory "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
        --numeric-owner --mode='u+rwX,go+rX,go-w' --format=posix \
        --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --file "$work/archive.tar" "$2"
    gzip --no-name -9 <"$work/archive.tar" >"$out/$2.tar.gz"
}

# download LOCK FOLDER: fetch the wheels of a lock file, and list their targets in FOLDER/TARGETS.
download() {
    mkdir "$2"
    for python in $pythons; do
        .venv-build/bin/python requirements/for_python "$python" "$1" >"$work/requirements.txt"
        for machine in $machines; do
            .venv-build/bin/python -m pip download --quiet --disable-pip-version-check --no-deps \
                --require-hashes --only-binary :all: --implementation cp --python-version "$python" \
                --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine" \
                --platform "manylinux2014_$machine" --dest "$2" --requirement "$work/requirements.txt"
            echo "$python $machine" >>"$2/TARGETS"
        done
    done
}

if ! .venv-build/bin/python -m build --no-isolation --outdir "$work/dist" "$work/source" \
    >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    exit 1
fi
rm -rf "$out"
mkdir -p "$out"
cp "$work"/dist/*.whl "$out/"

sdist=$(basename "$work"/dist/*.tar.gz .tar.gz)
tar -x -C "$work/dist" -f "$work/dist/$sdist.tar.gz"
archive "$work/dist" "$sdist"

release=dynamodb-items-deploy-${sdist#*-}
mkdir -p "$work/$release/deploy" "$work/$release/requirements"
cp "$work"/dist/*.whl LICENSE README.md "$work/$release/"
cp "$work/source/deploy/install.sh" "$work/source/deploy/items.service" \
    "$work/source/deploy/dynamodb_items_deploy/fleet/user-data.sh" "$work/$release/deploy/"
cp "$work/source/requirements/image.lock" "$work/$release/requirements/"
download "$work/source/requirements/image.lock" "$work/$release/wheels"
archive "$work" "$release"

.venv/bin/cyclonedx-py requirements "$work/source/requirements/image.lock" --output-reproducible \
    --output-file "$out/sbom.json" >/dev/null
(cd "$out" && sha256sum -- * >SHA256SUMS)
echo "Built in $out:"
cat "$out/SHA256SUMS"
