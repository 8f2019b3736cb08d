import createClient from "openapi-fetch";
import type { components, paths } from "./client/schema";

const [, , baseUrl, name] = process.argv as [string, string, string, string];
const client = createClient<paths>({ baseUrl });
const params = { path: { id: "105", name } };

type Item = components["schemas"]["Item"];
const ann: Item = {
  email: "ann@example.com",
  age: 41,
  balance: 12.5,
  tags: ["blue", "red"],
  avatar: "AP8=",
  address: { city: "Oslo", street: "Karl Johans gate" },
};
await client.PUT("/items/{id}/{name}", { params, body: ann });

// The typed form, which is the other type of the response, is not requested.
const stored = (await client.GET("/items/{id}/{name}", { params })).data as Item;
console.log(stored.age, stored.tags?.sort().join(","), stored.address?.city, stored.avatar);

const patch = { age: 42, address: { city: "Bergen" } };
const response = await client.PATCH("/items/{id}/{name}", { params, body: patch });
const changed = response.data as Item;
console.log(changed.age, changed.address?.city, changed.address?.street);

const twice = { ...ann, tags: ["blue", "blue"] };
const { error } = await client.PUT("/items/{id}/{name}", { params, body: twice });
console.log(error?.status, error?.errors?.[0]?.pointer, error?.errors?.[0]?.detail);
