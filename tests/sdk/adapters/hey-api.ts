import { createClient } from "./client/client";
import { deleteItem, getItem, listPartition, patchItem, putItem, queryItems, updateItem, type Problem } from "./client";
import { BASE_URL, converse, failure, isListCall, itemUpdate, paging, present, TYPED_JSON, type ItemCall, type ListCall, type Result } from "./conversation";

const client = createClient({ baseUrl: BASE_URL });

async function send(call: ItemCall) {
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

async function sendList(call: ListCall) {
  switch (call.operation) {
    case "list":
      return listPartition({ client, path: { id: call.id }, query: paging(call) });
    default:
      return queryItems({ client, body: call.item });
  }
}

await converse(async (call): Promise<Result> => {
  if (isListCall(call)) {
    const { data, error, response } = await sendList(call);
    if (response === undefined) throw error;
    const problem = error ? failure(error) : null;
    return { status: response.status, etag: response.headers.get("ETag"), item: null, page: data, problem };
  }
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
