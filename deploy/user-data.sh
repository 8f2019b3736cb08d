#!/bin/sh
# User data for Amazon Linux 2023: an instance that installs the service at its first start.
# Set the three values below. The instance needs its profile (items-deploy apply), before or after:
# the service waits for credentials and becomes ready once it has them.
# The output is in /var/log/cloud-init-output.log. User data holds no secrets: every program on the
# instance can read it from the metadata service.
set -eu

RELEASE_URL="https://example.com/dynamodb-items.tar.gz" # a release's archive
RELEASE_SHA256="0000000000000000000000000000000000000000000000000000000000000000"

ITEMS_AUTH="" # jwt or api-key, or none for every caller that the security group allows

: "${ITEMS_AUTH:?Set it in this script; see docs/access.md}"
# Only root may read the settings; systemd reads them as root.
(umask 077 && cat > /etc/dynamodb-items.env) <<SETTINGS
ITEMS_AUTH=$ITEMS_AUTH
ITEMS_TABLE=my-dynamodb-table
AWS_REGION=us-east-2
SETTINGS

dnf install --assumeyes --quiet python3.11 tar gzip
folder=$(mktemp -d)
curl --fail --silent --show-error --location --retry 5 --output "$folder/release" "$RELEASE_URL"
echo "$RELEASE_SHA256  $folder/release" | sha256sum --check --quiet
tar --extract --gzip --strip-components 1 --directory "$folder" --file "$folder/release"
PYTHON=python3.11 "$folder/deploy/install.sh" "$folder"
rm -rf "$folder"
