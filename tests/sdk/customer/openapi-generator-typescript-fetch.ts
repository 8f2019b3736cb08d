import { Configuration, ItemsApi, ProblemFromJSON, ResponseError, type Item } from "./client";

const [, , basePath, name] = process.argv as [string, string, string, string];
const api = new ItemsApi(new Configuration({ basePath }));
const key = { id: "105", name };

const ann: Item = {
  email: "ann@example.com",
  age: 41,
  balance: 12.5,
  tags: ["blue", "red"],
  avatar: "AP8=",
  address: { city: "Oslo", street: "Karl Johans gate" },
};
await api.putItem({ ...key, item: ann });

const stored = await api.getItem(key);
console.log(stored.age, stored.tags?.sort().join(","), stored.address?.city, stored.avatar);

const itemPatch = { age: 42, address: { city: "Bergen" } };
const changed = await api.patchItem({ ...key, itemPatch });
console.log(changed?.age, changed?.address?.city, changed?.address?.street);

try {
  await api.putItem({ ...key, item: { ...ann, tags: ["blue", "blue"] } });
} catch (error) {
  if (!(error instanceof ResponseError)) throw error;
  const { status, errors } = ProblemFromJSON(await error.response.json());
  console.log(status, errors?.[0]?.pointer, errors?.[0]?.detail);
}
