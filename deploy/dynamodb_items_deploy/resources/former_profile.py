"""The instance profile of a deployment that was made when its default name was the role's."""

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.ownership import Ownership, from_tag_list


def is_former_profile(aws: Aws, name: str, ownership: Ownership) -> bool:
    """Return whether a profile of this name belongs to the deployment."""
    found = aws.find("iam", "get_instance_profile", ("NoSuchEntity",), InstanceProfileName=name)
    return found is not None and ownership.has(
        from_tag_list(found["InstanceProfile"].get("Tags", []))
    )
