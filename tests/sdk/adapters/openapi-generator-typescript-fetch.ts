import { Configuration, FetchError, ItemsApi, ItemUpdateFromJSON, ProblemFromJSON, ResponseError, type ApiResponse } from "./client";
import { BASE_URL, converse, itemUpdate, present, failure, TYPED_JSON, type Result, type Call } from "./conversation";

const api = new ItemsApi(new Configuration({ basePath: BASE_URL }));

function send(call: Call): Promise<ApiResponse<Record<string, unknown>>> {
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

await converse(async (call): Promise<Result> => {
  try {
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
