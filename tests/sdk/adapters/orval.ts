import { deleteItem, getItem, listPartition, patchItem, putItem, queryItems, updateItem } from "./client/client";
import { BASE_URL, converse, failure, isListCall, itemUpdate, paging, present, TYPED_JSON, type ItemCall, type ListCall, type Result } from "./conversation";

// Its URLs are relative, for a page that the service itself serves.
const { fetch } = globalThis;
globalThis.fetch = (url, init) => fetch(new URL(String(url), BASE_URL), init);

async function send(call: ItemCall) {
  const headers = present({
    "If-Match": call.if_match,
    "If-None-Match": call.if_none_match,
    Prefer: call.prefer,
    Accept: call.typed ? TYPED_JSON : null,
  });
  switch (call.operation) {
    case "get":
      return getItem(call.id, call.name, call.fields ? { fields: call.fields } : {}, { headers });
    case "put":
      headers["Content-Type"] = call.typed ? TYPED_JSON : "application/json";
      return putItem(call.id, call.name, call.item, {}, { headers });
    case "patch":
      headers["Content-Type"] = "application/json";
      return patchItem(call.id, call.name, call.item, {}, { headers });
    case "update":
      headers["Content-Type"] = "application/json";
      return updateItem(itemUpdate(call), {}, { headers });
    case "delete":
      return deleteItem(call.id, call.name, {}, { headers });
  }
}

async function sendList(call: ListCall) {
  switch (call.operation) {
    case "list":
      return listPartition(call.id, paging(call));
    default:
      return queryItems(call.item, { headers: { "Content-Type": "application/json" } });
  }
}

await converse(async (call): Promise<Result> => {
  if (isListCall(call)) {
    const { data, status, headers } = await sendList(call);
    const result: Result = { status, etag: headers.get("ETag"), item: null, problem: null };
    switch (status) {
      case 200:
        return { ...result, page: data };
      case 304:
        return result;
      default:
        return { ...result, problem: failure(data) };
    }
  }
  const { data, status, headers } = await send(call);
  const result: Result = { status, etag: headers.get("ETag"), item: null, problem: null };
  switch (status) {
    case 200:
    case 201:
      return { ...result, item: data };
    case 204:
    case 304:
      return result;
    default:
      return { ...result, problem: failure(data) };
  }
});
