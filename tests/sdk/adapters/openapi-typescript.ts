import createClient from "openapi-fetch";
import type { components, paths } from "./client/schema";
import { BASE_URL, converse, failure, isListCall, itemUpdate, paging, present, TYPED_JSON, type ItemCall, type ListCall, type Result } from "./conversation";

type TypedItem = components["schemas"]["TypedItem"];
type Problem = components["schemas"]["Problem"];

const client = createClient<paths>({ baseUrl: BASE_URL });

async function send(call: ItemCall) {
  const path = { id: call.id, name: call.name };
  const header = present({
    "If-Match": call.if_match,
    "If-None-Match": call.if_none_match,
    Prefer: call.prefer,
  });
  const headers = present({
    Accept: call.typed ? TYPED_JSON : null,
    "Content-Type": call.typed && call.operation === "put" ? TYPED_JSON : null,
  });
  switch (call.operation) {
    case "get":
      return client.GET("/items/{id}/{name}", {
        params: { path, header, query: call.fields ? { fields: call.fields } : {} },
        querySerializer: { array: { style: "form", explode: false } },
        headers,
      });
    case "put":
      return client.PUT("/items/{id}/{name}", {
        params: { path, header },
        body: call.typed ? (call.item as TypedItem) : call.item,
        headers,
      });
    case "patch":
      return client.PATCH("/items/{id}/{name}", { params: { path, header }, body: call.item, headers });
    case "update":
      return client.POST("/items:update", { params: { header }, body: itemUpdate(call), headers });
    case "delete":
      return client.DELETE("/items/{id}/{name}", { params: { path, header }, headers });
  }
}

async function sendList(call: ListCall) {
  switch (call.operation) {
    case "list":
      return client.GET("/items/{id}", { params: { path: { id: call.id }, query: paging(call) } });
    default:
      return client.POST("/items:query", { body: call.item });
  }
}

await converse(async (call): Promise<Result> => {
  if (isListCall(call)) {
    const { data, error, response } = await sendList(call);
    const problem = error ? failure(error) : null;
    return { status: response.status, etag: response.headers.get("ETag"), item: null, page: data, problem };
  }
  const { data, error, response } = await send(call);
  const problem: Problem | undefined = error || undefined;
  return {
    status: response.status,
    etag: response.headers.get("ETag"),
    item: data ?? null,
    problem: problem ? failure(problem) : null,
  };
});
