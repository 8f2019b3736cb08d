#!/bin/sh
# User data for Amazon Linux 2023: installs the service at the first start of an instance.
# Set the values below; `items-deploy render cloudformation --fleet` sets them from its parameters.
# The instance needs its profile (items-deploy apply) before or after its start: the service waits for
# credentials and is ready once it has them.
# The output is in /var/log/cloud-init-output.log. Do not put secrets into user data: every program on
# the instance can read it from the metadata service.
set -eu

RELEASE_URL='https://example.com/dynamodb-items-deploy-VERSION.tar.gz' # https:// or s3://
RELEASE_SHA256='0000000000000000000000000000000000000000000000000000000000000000'
REGION='us-east-2'
# Files that settings name, such as an item schema, and that are not secret: an archive that is unpacked
# to /etc/dynamodb-items, and its checksum; may be empty.
FILES_URL=''
FILES_SHA256=''
# The lines of /etc/dynamodb-items.env. ITEMS_AUTH is jwt, api-key, or none to accept every caller that
# the security group allows.
SETTINGS='ITEMS_AUTH=
ITEMS_TABLE=my-dynamodb-table
AWS_REGION=us-east-2'
# Each of these may be empty. ARNs of secrets in Secrets Manager: more lines of settings, and the file
# of API keys. The log group that gets the log. The stack and the resource that wait for this script.
SETTINGS_SECRET=''
API_KEYS_SECRET=''
LOG_GROUP=''
STACK=''
RESOURCE=''

# --- Nothing below has to be set. ---
export AWS_DEFAULT_REGION="$REGION"
# The script itself repeats calls.
export AWS_MAX_ATTEMPTS=1
items_log=/var/log/dynamodb-items.log
units=/etc/systemd/system/items.service.d

# The stack waits for the exit status, and rolls back without waiting longer if it is not 0.
finish() {
    [ -n "$STACK" ] || return 0
    # Time for the agent to send the last lines of a failure: the stack then ends this instance.
    [ "$1" = 0 ] || sleep 15
    /opt/aws/bin/cfn-signal --exit-code "$1" --stack "$STACK" --resource "$RESOURCE" --region "$REGION"
}
trap 'finish $?' EXIT

fail() {
    echo "$1" >&2
    exit 1
}

# permitted COMMAND…: run a command, again for up to a minute: a new policy takes some seconds to apply.
permitted() {
    attempts=0
    until "$@"; do
        attempts=$((attempts + 1))
        [ "$attempts" -lt 12 ] || return 1
        sleep 5
    done
}

# secret ARN FILE: append the text of a secret to a file.
secret() {
    permitted aws secretsmanager get-secret-value --cli-connect-timeout 10 --secret-id "$1" \
        --query SecretString --output text >>"$2" || fail "Cannot read the secret $1."
}

# fetch URL SHA256 FILE: fetch a file and compare its checksum.
fetch() {
    case $1 in
    s3://*) permitted aws s3 cp --cli-connect-timeout 10 --only-show-errors "$1" "$3" ;;
    *) curl --fail --silent --show-error --location --connect-timeout 10 --retry 5 --output "$3" "$1" ;;
    esac || fail "Cannot fetch $1."
    found=$(sha256sum <"$3" | cut -c 1-64)
    [ "$found" = "$2" ] || fail "The SHA-256 checksum of $1 is $found, not $2."
}

# Unpack the files that settings name.
unpack_files() {
    fetch "$FILES_URL" "$FILES_SHA256" "$folder/files"
    mkdir -p /etc/dynamodb-items
    tar --extract --no-same-owner --directory /etc/dynamodb-items --file "$folder/files" ||
        fail "$FILES_URL is not an archive that tar can unpack."
    # The user of the service reads them.
    chmod -R a+rX /etc/dynamodb-items
}

send_log() {
    cat >/etc/amazon-cloudwatch-agent.json <<AGENT
{"logs": {"logs_collected": {"files": {"collect_list": [
  {"file_path": "$items_log", "log_group_name": "$LOG_GROUP", "log_stream_name": "{instance_id}/items"},
  {"file_path": "/var/log/cloud-init-output.log", "log_group_name": "$LOG_GROUP", "log_stream_name": "{instance_id}/start"}
]}}}}
AGENT
    /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
        -c file:/etc/amazon-cloudwatch-agent.json
    # The agent reads files. journald would also drop lines beyond its limit of 10,000 in 30 seconds.
    printf '[Service]\nStandardOutput=append:%s\nStandardError=append:%s\n' "$items_log" "$items_log" \
        >"$units/log.conf"
    printf '%s {\n size 100M\n rotate 2\n missingok\n copytruncate\n nodateext\n}\n' "$items_log" \
        >/etc/logrotate.d/dynamodb-items
    mkdir -p /etc/systemd/system/logrotate.timer.d
    printf '[Timer]\nOnCalendar=*:0/5\nAccuracySec=10s\n' \
        >/etc/systemd/system/logrotate.timer.d/often.conf
    systemctl daemon-reload
    systemctl restart logrotate.timer
}

write_settings() (
    # Only root can read the settings; systemd reads them as root.
    umask 077
    printf '%s\n' "$SETTINGS" >/etc/dynamodb-items.env
    [ -z "$SETTINGS_SECRET" ] || secret "$SETTINGS_SECRET" /etc/dynamodb-items.env
    [ -n "$API_KEYS_SECRET" ] || return 0
    secret "$API_KEYS_SECRET" /etc/dynamodb-items.keys.toml
    printf '[Service]\nLoadCredential=api-keys:%s\nEnvironment=ITEMS_API_KEYS_FILE=%%d/api-keys\n' \
        /etc/dynamodb-items.keys.toml >"$units/api-keys.conf"
)

# Wait until the service is ready, and then until the load balancer's two checks have seen that.
wait_until_ready() {
    attempts=0
    until curl --fail --silent --output /dev/null --max-time 2 http://127.0.0.1:8000/ready; do
        attempts=$((attempts + 1))
        if [ "$attempts" -ge 120 ]; then
            curl --silent --show-error --max-time 2 http://127.0.0.1:8000/ready >&2 || true
            echo >&2
            fail "The service is not ready after $attempts checks. Its log has the reason."
        fi
        sleep 1
    done
    sleep 15
}

case $SETTINGS in
*ITEMS_AUTH=[a-z]*) ;;
*) fail "Set ITEMS_AUTH in SETTINGS: docs/access.md." ;;
esac
packages="tar gzip"
[ -z "$STACK" ] || packages="$packages aws-cfn-bootstrap"
[ -z "$LOG_GROUP" ] || packages="$packages amazon-cloudwatch-agent logrotate"
dnf install --assumeyes --quiet $packages
mkdir -p "$units"
[ -z "$LOG_GROUP" ] || send_log
write_settings

folder=$(mktemp -d)
[ -z "$FILES_URL" ] || unpack_files
fetch "$RELEASE_URL" "$RELEASE_SHA256" "$folder/release"
tar --extract --gzip --strip-components 1 --directory "$folder" --file "$folder/release"
"$folder/deploy/install.sh" "$folder"
rm -rf "$folder"
[ -z "$STACK" ] || wait_until_ready
