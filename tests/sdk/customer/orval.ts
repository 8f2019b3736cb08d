import { getItem, patchItem, putItem, type Item } from "./client/client";

const [, , baseUrl, name] = process.argv as [string, string, string, string];
// Its URLs are relative, for a page that the service itself serves.
const { fetch } = globalThis;
globalThis.fetch = (url, init) => fetch(new URL(String(url), baseUrl), init);
const headers = { "Content-Type": "application/json" };

const ann: Item = {
  email: "ann@example.com",
  age: 41,
  balance: 12.5,
  tags: ["blue", "red"],
  avatar: "AP8=",
  address: { city: "Oslo", street: "Karl Johans gate" },
};
await putItem("105", name, ann, {}, { headers });

const stored = await getItem("105", name, {});
if (stored.status === 200) {
  const { age, tags, address, avatar } = stored.data as Item;
  console.log(age, tags?.sort().join(","), address?.city, avatar);
}

const patch = { age: 42, address: { city: "Bergen" } };
const changed = await patchItem("105", name, patch, {}, { headers });
if (changed.status === 200) {
  const { age, address } = changed.data as Item;
  console.log(age, address?.city, address?.street);
}

const twice = { ...ann, tags: ["blue", "blue"] };
const rejected = await putItem("105", name, twice, {}, { headers });
if (rejected.status === 422) {
  const { status, errors } = rejected.data;
  console.log(status, errors?.[0]?.pointer, errors?.[0]?.detail);
}
