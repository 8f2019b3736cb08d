"""The functions of CloudFormation's template language.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from collections.abc import Sequence
from typing import Any

Resources = dict[str, dict[str, Any]]
"""Resources by their logical names."""


def ref(name: str) -> dict[str, str]:
    """Return the value of a parameter, or the identifier of a resource."""
    return {"Ref": name}


def attribute(resource: str, name: str) -> dict[str, list[str]]:
    """Return an attribute of a resource."""
    return {"Fn::GetAtt": [resource, name]}


def substituted(text: str) -> dict[str, str]:
    """Return a text with its ``${Name}`` replaced."""
    return {"Fn::Sub": text}


def joined(parts: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the parts as one text."""
    return {"Fn::Join": ["", list(parts)]}


def not_(condition: Any) -> dict[str, list[Any]]:
    """Return whether a condition does not hold."""
    return {"Fn::Not": [condition]}


def equals(value: Any, other: Any) -> dict[str, list[Any]]:
    """Return whether two values are equal."""
    return {"Fn::Equals": [value, other]}


def is_set(value: Any) -> dict[str, list[Any]]:
    """Return whether an optional value, such as that of a parameter, is not empty."""
    return not_(equals(value, ""))


def if_(condition: str, then: Any, otherwise: Any) -> dict[str, list[Any]]:
    """Return the first value where the condition holds, and the second where it does not."""
    return {"Fn::If": [condition, then, otherwise]}


NO_VALUE = ref("AWS::NoValue")
"""Leaves out the property that has it."""
