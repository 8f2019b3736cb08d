"""The command line of the launcher: ``python -m dynamodb_items.local``."""

from dynamodb_items.local.launcher import main

main(prog_name="python -m dynamodb_items.local")
