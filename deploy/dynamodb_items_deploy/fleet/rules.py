"""What CloudFormation checks before it changes anything: parameters that belong together.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items_deploy.fleet.intrinsics import equals, is_set, not_, ref
from dynamodb_items_deploy.fleet.options import FILES_FOLDER
from dynamodb_items_deploy.fleet.parameters import MOST_MIN_SIZE

Rule = dict[str, Any]


def rules(settings: Mapping[str, str]) -> dict[str, Rule]:
    """Return the rules for the parameters of a fleet with these settings."""
    found = {
        "RoomForAnUpdate": _room_for_an_update(),
        "FilesHaveAChecksum": {
            "RuleCondition": is_set(ref("Files")),
            **_required("FilesSha256", "Files needs FilesSha256."),
        },
    }
    if settings.get("ITEMS_AUTH") == "api-key":
        found["KeysOfCallers"] = _required(
            "ApiKeysSecretArn", "ITEMS_AUTH=api-key needs ApiKeysSecretArn."
        )
    named = [name for name, value in settings.items() if f"{FILES_FOLDER}/" in value]
    if named:
        found["FilesOfSettings"] = _required(
            "Files", f"The settings {', '.join(named)} name a file in {FILES_FOLDER}: set Files."
        )
    return found


def _room_for_an_update() -> Rule:
    """Return the rule that MaxSize is more than MinSize.

    No function of CloudFormation compares numbers. MaxSize is at least 2.
    """
    sizes = [str(size) for size in range(2, MOST_MIN_SIZE + 1)]
    return {
        "Assertions": [
            _assertion(
                not_(
                    {
                        "Fn::And": [
                            equals(ref("MinSize"), size),
                            {"Fn::Contains": [sizes[: number + 1], ref("MaxSize")]},
                        ]
                    }
                ),
                "MaxSize must be more than MinSize, so that an update can add an instance.",
            )
            for number, size in enumerate(sizes)
        ]
    }


def _required(parameter: str, description: str) -> Rule:
    return {"Assertions": [_assertion(is_set(ref(parameter)), description)]}


def _assertion(holds: Any, description: str) -> dict[str, Any]:
    return {"Assert": holds, "AssertDescription": description}
