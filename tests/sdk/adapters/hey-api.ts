import { createClient } from "./client/client";
import { deleteItem, getItem, patchItem, putItem, updateItem, type Problem } from "./client";
import { BASE_URL, converse, itemUpdate, present, failure, TYPED_JSON, type Result, type Call } from "./conversation";

const client = createClient({ baseUrl: BASE_URL });

async function send(call: Call) {
  const path = { id: call.id, name: call.name };
  const headers = present({
    "If-Match": call.if_match,
    "If-None-Match": call.if_none_match,
    Prefer: call.prefer,
    Accept: call.typed ? TYPED_JSON : null,
    "Content-Type": call.typed && call.operation === "put" ? TYPED_JSON : null,
  });
  switch (call.operation) {
    case "get":
      return getItem({ client, path, headers, query: call.fields ? { fields: call.fields } : {} });
    case "put":
      return putItem({ client, path, headers, body: call.item });
    case "patch":
      return patchItem({ client, path, headers, body: call.item });
    case "update":
      return updateItem({ client, headers, body: itemUpdate(call) });
    case "delete":
      return deleteItem({ client, path, headers });
  }
}

await converse(async (call): Promise<Result> => {
  const { data, error, response } = await send(call);
  if (response === undefined) throw error;
  const problem: Problem | undefined = response.status >= 400 ? (error as Problem) : undefined;
  return {
    status: response.status,
    etag: response.headers.get("ETag"),
    item: data && response.status !== 204 ? (data as Record<string, unknown>) : null,
    problem: problem ? failure(problem) : null,
  };
});
