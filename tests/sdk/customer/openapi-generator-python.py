import sys

from items_client import (
    Address,
    AddressPatch,
    ApiClient,
    ApiException,
    Configuration,
    Item,
    ItemPatch,
    ItemsApi,
    Problem,
)

api = ItemsApi(ApiClient(Configuration(host=sys.argv[1])))
key = ("105", sys.argv[2])

ann = Item(
    email="ann@example.com",
    age=41,
    balance=12.5,
    tags=["blue", "red"],
    avatar="AP8=",
    address=Address(city="Oslo", street="Karl Johans gate"),
)
api.put_item(*key, ann)

stored = api.get_item(*key)
assert stored.tags and stored.address
print(stored.age, ",".join(sorted(stored.tags)), stored.address.city, stored.avatar)

changed = api.patch_item(*key, ItemPatch(age=42, address=AddressPatch(city="Bergen")))
assert changed.address
print(changed.age, changed.address.city, changed.address.street)

ann.tags = ["blue", "blue"]
try:
    api.put_item(*key, ann)
except ApiException as error:
    problem = error.data
    assert isinstance(problem, Problem) and problem.errors
    print(problem.status, problem.errors[0].pointer, problem.errors[0].detail)
