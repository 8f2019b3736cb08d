"""``python -m dynamodb_items.local``: the service on this machine."""

from dynamodb_items.local.launcher import main

main(prog_name="python -m dynamodb_items.local")
