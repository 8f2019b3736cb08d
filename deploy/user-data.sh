#!/bin/sh
# User data for Amazon Linux 2023: installs the service at the first start of an instance.
# Set the first three values below; operations and indexes are those of items-deploy apply. The
# instance needs its profile (items-deploy apply) before or after its start: the service waits for
# credentials and is ready once it has them.
# The output is in /var/log/cloud-init-output.log. Do not put secrets into user data: every program on
# the instance can read it from the metadata service.
set -eu

RELEASE_URL="https://example.com/dynamodb-items-deploy-VERSION.tar.gz" # the release archive
RELEASE_SHA256="0000000000000000000000000000000000000000000000000000000000000000"

ITEMS_AUTH="" # jwt, api-key, or none to accept every caller that the security group allows
ITEMS_OPERATIONS=GetItem,PutItem,UpdateItem,DeleteItem # with lists: also Query, Scan
ITEMS_INDEXES=""                                       # such as by-email=Email:S

: "${ITEMS_AUTH:?set it in this script, see docs/access.md}"
# Only root can read the settings; systemd reads them as root.
(umask 077 && cat > /etc/dynamodb-items.env) <<SETTINGS
ITEMS_AUTH=$ITEMS_AUTH
ITEMS_TABLE=my-dynamodb-table
ITEMS_OPERATIONS=$ITEMS_OPERATIONS
ITEMS_INDEXES=$ITEMS_INDEXES
AWS_REGION=us-east-2
SETTINGS

dnf install --assumeyes --quiet python3.11 tar gzip
folder=$(mktemp -d)
curl --fail --silent --show-error --location --retry 5 --output "$folder/release" "$RELEASE_URL"
echo "$RELEASE_SHA256  $folder/release" | sha256sum --check --quiet
tar --extract --gzip --strip-components 1 --directory "$folder" --file "$folder/release"
PYTHON=python3.11 "$folder/deploy/install.sh" "$folder"
rm -rf "$folder"
