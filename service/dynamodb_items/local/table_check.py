"""The key attributes of a table that existed before the launcher."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.storage.table_keys import key_settings_advice, reserved_key


def key_mismatch(client: Any, settings: Settings) -> str | None:
    """Return how to correct the settings, or None if the table has their key attributes.

    Any other failure is left to the service, which logs it.
    """

    def accepts(key: ItemKey) -> bool:
        try:
            client.get_item(TableName=settings.table, Key=key.attributes)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            return False
        return True

    try:
        if accepts(reserved_key(settings.key_schema)):
            return None
        advice = key_settings_advice(settings.key_schema, accepts)
    except (BotoCoreError, ClientError):
        return None
    return f"The table {settings.table} has other key attributes than the settings. {advice}"
