"""The template of a fleet: the role's template, with everything around it."""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.domain.operations import format_operations
from dynamodb_items.domain.tables import TableArn

from dynamodb_items_deploy.fleet.alarms import ALARMS, log_and_alarms
from dynamodb_items_deploy.fleet.instance_policies import instance_policies
from dynamodb_items_deploy.fleet.instances import GROUP, instances
from dynamodb_items_deploy.fleet.intrinsics import Resources, if_, ref, substituted
from dynamodb_items_deploy.fleet.load_balancer import load_balancer
from dynamodb_items_deploy.fleet.network import network
from dynamodb_items_deploy.fleet.parameters import CONDITIONS, PARAMETERS
from dynamodb_items_deploy.fleet.rules import rules
from dynamodb_items_deploy.planning.ownership import as_tag_list
from dynamodb_items_deploy.planning.stack import Request
from dynamodb_items_deploy.template import template

# The resources whose tags are a list of keys and values.
_TAGGED = {
    *("LoadBalancer", "TargetGroup", "LogGroup", "LoadBalancerSecurityGroup"),
    *("InstanceSecurityGroup", "DynamoDBEndpoint", *ALARMS),
}


def fleet_template(request: Request, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the template of a fleet whose instances have these settings.

    ``settings`` are lines of ``/etc/dynamodb-items.env``, ``ITEMS_AUTH`` among them.
    """
    role = template(request)
    resources: Resources = {
        **role["Resources"],
        **instance_policies(),
        **network(),
        **load_balancer(),
        **log_and_alarms(is_table_here=TableArn.of(request.table) is None),
        **instances(_defaults(request) | dict(settings)),
    }
    _tag(resources, request.tags)
    return {
        **role,
        "Description": "Instances behind a load balancer that serve the items of one DynamoDB "
        "table.",
        "Parameters": {**role["Parameters"], **PARAMETERS},
        "Rules": rules(settings),
        "Conditions": CONDITIONS,
        "Resources": resources,
        "Outputs": {**role["Outputs"], **_outputs()},
    }


def _defaults(request: Request) -> dict[str, str]:
    """Return the settings of a service behind one load balancer with health checks."""
    return {
        "ITEMS_OPERATIONS": format_operations(request.operations),
        **({"ITEMS_INDEXES": ",".join(map(str, request.indexes))} if request.indexes else {}),
        "ITEMS_TRUSTED_PROXIES": "1",
        "ITEMS_DRAIN_SECONDS": "15",
    }


def _tag(resources: Resources, tags: Mapping[str, str]) -> None:
    if not tags:
        return
    for name in _TAGGED & resources.keys():
        resources[name]["Properties"]["Tags"] = as_tag_list(tags)
    resources[GROUP]["Properties"]["Tags"] += [
        {**tag, "PropagateAtLaunch": True} for tag in as_tag_list(tags)
    ]


def _outputs() -> dict[str, Any]:
    return {
        "Url": {
            "Description": "Address of the service.",
            "Value": if_(
                "HasCertificate",
                substituted("https://${LoadBalancer.DNSName}"),
                substituted("http://${LoadBalancer.DNSName}"),
            ),
        },
        "TargetGroupArn": {"Description": "Target group.", "Value": ref("TargetGroup")},
        "AutoScalingGroupName": {"Description": "Auto scaling group.", "Value": ref(GROUP)},
        "LogGroupName": {"Description": "Log group.", "Value": ref("LogGroup")},
    }
