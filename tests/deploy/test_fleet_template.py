"""The template of a fleet: linted, with the script that is shipped, and times that agree."""

import json
import subprocess

import pytest
import yaml
from dynamodb_items_deploy.fleet import parameters

from tests.deploy.test_documents import REQUESTS, linted, options
from tests.deploy.test_fleet_stack import FLEET
from tests.engines import REGION, ROOT

SCRIPT = ROOT / "deploy/dynamodb_items_deploy/fleet/user-data.sh"
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_TEMPLATE_BYTES = 51_200
MAX_USER_DATA_BYTES = 16 * 1024


@pytest.mark.parametrize("changes", REQUESTS.values(), ids=REQUESTS)
def test_cfn_lint_finds_nothing_in_the_fleet(run, changes):
    ran = run(*FLEET, *options(changes))
    assert ran.status == 0
    assert linted(ran.out) == []
    assert len(ran.out.encode()) < MAX_TEMPLATE_BYTES
    assert json.loads(run(*FLEET, *options(changes), "--json").out) == yaml.safe_load(ran.out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fleet"], "--fleet needs --setting ITEMS_AUTH=jwt, api-key or none"),
        (["--setting", "ITEMS_AUTH=none"], "--setting needs --fleet"),
        (["--fleet", "--setting", "ITEMS_AUTH"], "must have the form NAME=VALUE"),
        (["--fleet", "--setting", "auth=none"], "must have the form NAME=VALUE"),
        (["--fleet", "--setting", "ITEMS_AUTH="], "--fleet needs --setting ITEMS_AUTH"),
        (["--principal", "ecs", *FLEET[2:]], "--fleet needs --principal ec2"),
        (["--fleet", "--setting", "ITEMS_TABLE=t"], "Use --table"),
        (["--fleet", "--setting", "ITEMS_OPERATIONS=GetItem"], "Use --operations"),
        (["--fleet", "--setting", "ITEMS_INDEXES=by-email=Email:S"], "Use --indexes"),
        (
            [*FLEET[2:], "--operations", "GetItem,Query", "--indexes", "by-email='Email':S"],
            "--indexes must be printable ASCII",
        ),
        (["--fleet", "--setting", "ITEMS_SCHEMA=s.json"], "begin with /etc/dynamodb-items/."),
        (["--fleet", "--setting", "ITEMS_SCHEMA=https://x/s"], "begin with /etc/dynamodb-items/."),
        (["--fleet", "--setting", "ITEMS_JWT_KEY_SET=/srv/k"], "with https:// or /etc/dynamodb-"),
        (["--fleet", "--setting", "AWS_REGION=eu-west-1"], "the region of the stack"),
        (["--fleet", "--setting", "AWS_ACCESS_KEY_ID=AKIA"], "cannot be AWS_ACCESS_KEY_ID"),
        (["--fleet", "--setting", "ITEMS_JWT_ISSUER=a'b"], "without quotes"),
        (["--fleet", "--setting", "ITEMS_JWT_ISSUER=a\nB=1"], "without quotes"),
    ],
)
def test_wrong_settings_are_one_message(run, arguments, message):
    ran = run("render", "cloudformation", *arguments)
    assert ran.status == 64
    assert message in ran.err


def document(run, *arguments):
    return yaml.safe_load(run(*FLEET, *arguments).out)


def test_the_role_s_template_is_part_of_the_fleet_s(run):
    role = yaml.safe_load(run("render", "cloudformation").out)["Resources"]
    fleet = document(run)["Resources"]
    assert {name: fleet[name] for name in role} == role


def test_the_table_of_another_account_has_no_alarms_here(run):
    arn = "arn:aws:dynamodb:us-east-2:111122223333:table/orders"
    ran = run(*FLEET, "--table", arn, "--tag", "team=shop")
    assert linted(ran.out) == []
    names = set(yaml.safe_load(ran.out)["Resources"])
    assert names & {"ThrottledReads", "ThrottledWrites"} == set()
    assert "UnhealthyHosts" in names


def rendered(part, values, conditions=frozenset()):
    """Return what CloudFormation makes of a text, for these parameters and true conditions."""
    match part:
        case {"Fn::Base64": inner}:
            return rendered(inner, values, conditions)
        case {"Fn::Join": [separator, parts]}:
            return separator.join(rendered(one, values, conditions) for one in parts)
        case {"Fn::If": [name, then, otherwise]}:
            return rendered(then if name in conditions else otherwise, values, conditions)
        case {"Fn::Sub": text}:
            for name, value in values.items():
                text = text.replace(f"${{{name}}}", value)
            return text
        case {"Ref": name}:
            return values[name]
    return part


VALUES = {
    "ReleaseBucket": "artefacts",
    "Release": "items/release.tar.gz",
    "ReleaseSha256": "a" * 64,
    "Files": "items/files.tar.gz",
    "FilesSha256": "b" * 64,
    "SettingsSecretArn": "arn:aws:secretsmanager:us-east-2:123456789012:secret:items-Ab12Cd",
    "ApiKeysSecretArn": "arn:aws:secretsmanager:us-east-2:123456789012:secret:keys-Ab12Cd",
    "TableName": "orders",
    "LogGroup": "/dynamodb-items/shop",
    "AWS::StackName": "shop",
    "AWS::Region": REGION,
}


def user_data(run, *arguments, conditions=frozenset()):
    properties = document(run, *arguments)["Resources"]["LaunchTemplate"]["Properties"]
    return rendered(properties["LaunchTemplateData"]["UserData"], VALUES, conditions)


def assigned(script, *names):
    """Return what a script's first part assigns to these names."""
    first, _, _ = script.partition("# --- Nothing below")
    echo = "\n".join(f'printf "%s\\0" "${name}"' for name in names)
    ran = subprocess.run(
        ["sh", "-c", f"{first}\n{echo}"], capture_output=True, text=True, check=True
    )
    return ran.stdout.split("\0")[:-1]


def test_the_user_data_is_the_shipped_script_with_its_values_set(run):
    script = user_data(run, "--setting", "ITEMS_JWT_AUDIENCE=a b,c")
    shipped = SCRIPT.read_text()
    marker = "# --- Nothing below has to be set. ---\n"
    assert script.partition(marker)[2] == shipped.partition(marker)[2]
    assert script.startswith(shipped.partition("\nRELEASE_URL")[0])
    assert len(script.encode()) < MAX_USER_DATA_BYTES
    names = ["RELEASE_URL", "RELEASE_SHA256", "REGION", "LOG_GROUP", "STACK", "RESOURCE"]
    assert assigned(script, *names, "FILES_URL", "SETTINGS_SECRET", "API_KEYS_SECRET") == [
        *("items/release.tar.gz", "a" * 64, REGION, "/dynamodb-items/shop", "shop", "Instances"),
        *("", "", ""),
    ]
    (settings,) = assigned(script, "SETTINGS")
    assert settings.splitlines() == [
        *("ITEMS_TABLE=orders", f"AWS_REGION={REGION}"),
        "ITEMS_OPERATIONS=GetItem,PutItem,UpdateItem,DeleteItem",
        *("ITEMS_TRUSTED_PROXIES=1", "ITEMS_DRAIN_SECONDS=15"),
        *("ITEMS_AUTH=none", "ITEMS_JWT_AUDIENCE=a b,c"),
    ]


def test_the_instances_get_the_indexes_of_the_policy(run):
    indexes = "by-email=Email:S,by-status=Status:S+CreatedAt:N/partial"
    arguments = ("--operations", "GetItem,Query", "--indexes", indexes)
    (settings,) = assigned(user_data(run, *arguments), "SETTINGS")
    assert f"ITEMS_OPERATIONS=GetItem,Query\nITEMS_INDEXES={indexes}\n" in settings
    assert "/index/by-status" in json.dumps(document(run, *arguments)["Resources"]["Policy"])


def test_the_user_data_sets_every_value_that_the_script_uses(run):
    first, _, _ = SCRIPT.read_text().partition("# --- Nothing below")
    names = {line.partition("=")[0] for line in first.splitlines() if line[:1].isupper()}
    names -= {"ITEMS_TABLE", "AWS_REGION"}
    script = user_data(run)
    assert {name for name in names if f"\n{name}='" not in script} == set()


def test_archives_in_s3_and_secrets_reach_the_script(run):
    conditions = {"HasReleaseBucket", "HasFiles", "HasSettingsSecret", "HasApiKeysSecret"}
    script = user_data(run, conditions=conditions)
    names = ["RELEASE_URL", "FILES_URL", "FILES_SHA256", "SETTINGS_SECRET", "API_KEYS_SECRET"]
    assert assigned(script, *names) == [
        "s3://artefacts/items/release.tar.gz",
        "s3://artefacts/items/files.tar.gz",
        "b" * 64,
        VALUES["SettingsSecretArn"],
        VALUES["ApiKeysSecretArn"],
    ]
    (address,) = assigned(user_data(run, conditions={"HasFiles"}), "FILES_URL")
    assert address == "items/files.tar.gz", "an HTTPS address where no bucket is given"


def test_instances_may_fetch_exactly_their_archives(run):
    policy = document(run)["Resources"]["ReleaseAccess"]["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    condition, with_files, without = statement["Resource"]["Fn::If"]
    assert condition == "HasFiles"
    values = VALUES | {"AWS::Partition": "aws"}
    release = "arn:aws:s3:::artefacts/items/release.tar.gz"
    assert rendered(without, values) == release
    files = "arn:aws:s3:::artefacts/items/files.tar.gz"
    assert [rendered(one, values) for one in with_files] == [release, files]


def holds(part, values):
    """Return what CloudFormation makes of a condition of a rule."""
    match part:
        case {"Fn::Not": [inner]}:
            return not holds(inner, values)
        case {"Fn::And": parts}:
            return all(holds(one, values) for one in parts)
        case {"Fn::Equals": [one, other]}:
            return holds(one, values) == holds(other, values)
        case {"Fn::Contains": [listed, one]}:
            return holds(one, values) in listed
        case {"Ref": name}:
            return values[name]
    return part


def violations(rules, **values):
    """Return the descriptions of the assertions that do not hold."""
    return {
        assertion["AssertDescription"]
        for rule in rules.values()
        if holds(rule.get("RuleCondition", True), values)
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"], values)
    }


def test_the_sizes_leave_room_for_an_update(run):
    template = document(run)
    least, most = (template["Parameters"][name] for name in ("MinSize", "MaxSize"))
    for smallest in range(least["MinValue"], least["MaxValue"] + 1):
        for largest in range(most["MinValue"], least["MaxValue"] + 5):
            sizes = {"MinSize": str(smallest), "MaxSize": str(largest), "Files": ""}
            expected = (
                set()
                if smallest < largest
                else {"MaxSize must be more than MinSize, so that an update can add an instance."}
            )
            assert violations(template["Rules"], **sizes) == expected, sizes


SIZES = {"MinSize": "2", "MaxSize": "6"}
NO_CHECKSUM = "Files needs FilesSha256."
NO_FILES = "The settings ITEMS_SCHEMA name a file in /etc/dynamodb-items: set Files."
NO_KEYS = "ITEMS_AUTH=api-key needs ApiKeysSecretArn."


@pytest.mark.parametrize(
    ("settings", "values", "expected"),
    [
        ([], {"Files": ""}, set()),
        ([], {"Files": "f", "FilesSha256": ""}, {NO_CHECKSUM}),
        ([], {"Files": "f", "FilesSha256": "a"}, set()),
        (["ITEMS_SCHEMA=/etc/dynamodb-items/s.json"], {"Files": ""}, {NO_FILES}),
        (["ITEMS_JWT_KEY_SET=https://issuer.example/keys"], {"Files": ""}, set()),
        (["ITEMS_AUTH=api-key"], {"Files": "", "ApiKeysSecretArn": ""}, {NO_KEYS}),
        (["ITEMS_AUTH=api-key"], {"Files": "", "ApiKeysSecretArn": "arn"}, set()),
    ],
)
def test_parameters_that_a_setting_needs_are_required(run, settings, values, expected):
    ran = run(*FLEET, *(f"--setting={setting}" for setting in settings))
    assert linted(ran.out) == []
    assert violations(yaml.safe_load(ran.out)["Rules"], **SIZES, **values) == expected


def test_a_setting_replaces_the_fleet_s_default(run):
    (settings,) = assigned(user_data(run, "--setting", "ITEMS_DRAIN_SECONDS=30"), "SETTINGS")
    assert "ITEMS_DRAIN_SECONDS=30" in settings
    assert settings.count("ITEMS_DRAIN_SECONDS") == 1


def test_the_times_agree(run):
    """A request ends before its connection, its connection before its instance."""
    fleet = document(run)["Resources"]
    target_group = fleet["TargetGroup"]["Properties"]
    attributes = {
        pair["Key"]: pair["Value"]
        for pair in target_group["TargetGroupAttributes"]
        + fleet["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    }
    deadline, keep_alive, drain = 5, 75, 15
    notice = target_group["HealthCheckIntervalSeconds"] * target_group["UnhealthyThresholdCount"]
    assert notice < drain
    assert deadline < int(attributes["deregistration_delay.timeout_seconds"])
    assert int(attributes["idle_timeout.timeout_seconds"]) < keep_alive
    unit = (ROOT / "deploy/items.service").read_text()
    stop = int(unit.partition("TimeoutStopSec=")[2].split()[0])
    assert drain + deadline + 10 < stop


def test_a_rolling_update_replaces_one_instance_at_a_time_once_the_next_is_ready(run):
    group = document(run)["Resources"]["Instances"]
    update = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert update["MinInstancesInService"] == {"Ref": "MinSize"}
    assert update["MaxBatchSize"] == 1
    assert update["WaitOnResourceSignals"] is True
    assert {"HealthCheck", "ReplaceUnhealthy", "AZRebalance"} <= set(update["SuspendProcesses"])
    script = SCRIPT.read_text()
    assert script.rstrip().endswith("wait_until_ready"), "the exit status is the signal"
    assert "DesiredCapacity" not in group["Properties"], "an update keeps what scaling has chosen"


def test_every_parameter_is_used(run):
    fleet = document(run)
    used = json.dumps([fleet[part] for part in ("Resources", "Conditions")])
    for name in parameters.PARAMETERS:
        assert f'"{name}"' in used or f"${{{name}}}" in used, name
