import { Configuration, FetchError, ItemsApi, ItemUpdateFromJSON, ListsApi, ProblemFromJSON, QueryFromJSON, ResponseError, type ApiResponse, type Page } from "./client";
import { BASE_URL, converse, failure, isListCall, itemUpdate, paging, present, TYPED_JSON, type ItemCall, type ListCall, type Result } from "./conversation";

const configuration = new Configuration({ basePath: BASE_URL });
const api = new ItemsApi(configuration);
const lists = new ListsApi(configuration);

function send(call: ItemCall): Promise<ApiResponse<Record<string, unknown>>> {
  const key = { id: call.id, name: call.name };
  const requested = present({
    ifMatch: call.if_match,
    ifNoneMatch: call.if_none_match,
    prefer: call.prefer,
  });
  const headers = present({
    Accept: call.typed ? TYPED_JSON : null,
    "Content-Type": call.typed && call.operation === "put" ? TYPED_JSON : null,
  });
  const override = async ({ init }: { init: RequestInit }): Promise<RequestInit> => ({
    ...init,
    headers: { ...(init.headers as Record<string, string>), ...headers },
  });
  switch (call.operation) {
    case "get":
      return api.getItemRaw(
        { ...key, ...requested, ...(call.fields ? { fields: call.fields } : {}) },
        override,
      );
    case "put":
      return api.putItemRaw({ ...key, ...requested, requestBody: call.item }, override);
    case "patch":
      return api.patchItemRaw({ ...key, ...requested, requestBody: call.item }, override);
    case "update":
      return api.updateItemRaw({ ...requested, itemUpdate: ItemUpdateFromJSON(itemUpdate(call)) }, override);
    case "delete":
      return api.deleteItemRaw({ ...key, ...requested }, override);
  }
}

function sendList(call: ListCall): Promise<ApiResponse<Page>> {
  switch (call.operation) {
    case "list":
      return lists.listPartitionRaw({ id: call.id, ...paging(call) });
    default:
      return lists.queryItemsRaw({ query: QueryFromJSON(call.item) });
  }
}

await converse(async (call): Promise<Result> => {
  try {
    if (isListCall(call)) {
      const response = await sendList(call);
      const { status, headers } = response.raw;
      return { status, etag: headers.get("ETag"), item: null, page: await response.value(), problem: null };
    }
    const response = await send(call);
    const { status, headers } = response.raw;
    const isEmpty = status === 204 || headers.get("Content-Length") === "0";
    const item = isEmpty ? null : await response.value();
    return { status, etag: headers.get("ETag"), item, problem: null };
  } catch (error) {
    if (error instanceof FetchError) throw error.cause;
    if (!(error instanceof ResponseError)) throw error;
    const { status, headers } = error.response;
    const etag = headers.get("ETag");
    if (status === 304) return { status, etag, item: null, problem: null };
    const { requestId, ...problem } = ProblemFromJSON(await error.response.json());
    return { status, etag, item: null, problem: failure({ ...problem, request_id: requestId }) };
  }
});
