"""Explanations of denied calls, from the reason in AWS's message.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

import re

_MAX_REASON = 300
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_REASON = re.compile(r"(?:because |with )(an? explicit deny in .+|no .+ allows .+)", re.DOTALL)
# EC2 adds up to a few thousand characters that only sts:DecodeAuthorizationMessage can read.
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)

# The kind of policy in AWS's message; the first match is used.
_ADVICE = (
    (
        "service control policy",
        "A service control policy of the organization denies it. Contact its administrators.",
    ),
    (
        "resource control policy",
        "A resource control policy of the organization denies it. Contact its administrators.",
    ),
    (
        "permissions boundary",
        "The permissions boundary of these credentials denies it. Allow the action in it, or use "
        "other credentials.",
    ),
    (
        "session policy",
        "The policy of the session denies it. Sign in without it, or allow the action in it.",
    ),
    (
        "VPC endpoint policy",
        "The policy of the VPC endpoint denies it. Allow the action in it, or call from another "
        "network.",
    ),
    (
        "explicit deny in an identity-based policy",
        "Remove the deny from the policy of these credentials, or use other credentials.",
    ),
)
_DEFAULT_ADVICE = (
    "Use credentials that allow it. docs/operations.md lists the required permissions."
)


def explain_denial(operation: str, message: str) -> tuple[str, str]:
    """Return a sentence with what was denied and why, and one with what to do."""
    message = " ".join(_ENCODED.sub("", message).split())
    action = _ACTION.search(message)
    subject = operation
    if action and action[1].partition(":")[2] != operation:
        subject = f"{operation}, which requires {action[1]}"
    found = _REASON.search(message)
    reason = (found[1] if found else message).rstrip(".")[:_MAX_REASON]
    advice = next((text for kind, text in _ADVICE if kind in reason), _DEFAULT_ADVICE)
    because = f": {reason}" if reason else ""
    return f"The credentials are not allowed to call {subject}{because}.", advice
