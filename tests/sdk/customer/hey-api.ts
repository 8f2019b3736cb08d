import { getItem, patchItem, putItem, type Item } from "./client";
import { createClient } from "./client/client";

const [, , baseUrl, name] = process.argv as [string, string, string, string];
const client = createClient({ baseUrl });
const path = { id: "105", name };

const ann: Item = {
  email: "ann@example.com",
  age: 41,
  balance: 12.5,
  tags: ["blue", "red"],
  avatar: "AP8=",
  address: { city: "Oslo", street: "Karl Johans gate" },
};
await putItem({ client, path, body: ann });

const { data: stored } = await getItem({ client, path });
console.log(stored?.age, stored?.tags?.sort().join(","), stored?.address?.city, stored?.avatar);

const patch = { age: 42, address: { city: "Bergen" } };
const { data: changed } = await patchItem({ client, path, body: patch });
console.log(changed?.age, changed?.address?.city, changed?.address?.street);

const { error } = await putItem({ client, path, body: { ...ann, tags: ["blue", "blue"] } });
console.log(error?.status, error?.errors?.[0]?.pointer, error?.errors?.[0]?.detail);
