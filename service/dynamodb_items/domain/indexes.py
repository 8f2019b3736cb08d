"""Secondary indexes of the table, as the settings name them."""

from dataclasses import dataclass

from dynamodb_items.domain.keys import KeySchema


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: its name and its key schema.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
    """

    name: str
    key_schema: KeySchema
    is_partial: bool = False
    """Whether it contains only some attributes of the items: its projection type is not ALL."""
