import sys

from items_client import Client
from items_client.api.items import get_item, patch_item, put_item
from items_client.models import Address, AddressPatch, Item, ItemPatch, Problem

client = Client(base_url=sys.argv[1])
key = ("105", sys.argv[2])

ann = Item(
    email="ann@example.com",
    age=41,
    balance=12.5,
    tags=["blue", "red"],
    avatar="AP8=",
    address=Address(city="Oslo", street="Karl Johans gate"),
)
put_item.sync(*key, client=client, body=ann)

stored = get_item.sync(*key, client=client)
assert isinstance(stored, Item) and stored.tags and stored.address
print(stored.age, ",".join(sorted(stored.tags)), stored.address.city, stored.avatar)

patch = ItemPatch(age=42, address=AddressPatch(city="Bergen"))
changed = patch_item.sync(*key, client=client, body=patch)
assert isinstance(changed, Item) and changed.address
print(changed.age, changed.address.city, changed.address.street)

ann.tags = ["blue", "blue"]
problem = put_item.sync(*key, client=client, body=ann)
assert isinstance(problem, Problem) and problem.errors
print(problem.status, problem.errors[0].pointer, problem.errors[0].detail)
