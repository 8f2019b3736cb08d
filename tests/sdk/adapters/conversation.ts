// The story's calls arrive as lines of JSON; each gets one in return.
import { createInterface } from "node:readline";

export const TYPED_JSON = "application/vnd.dynamodb+json";
export const BASE_URL = process.argv[2]!;

interface CallOf<Operation> {
  operation: Operation;
  id: string;
  name: string;
  item: Record<string, unknown>;
  typed: boolean;
  fields: string[] | null;
  if_match: string | null;
  if_none_match: string | null;
  prefer: string | null;
  limit: number | null;
  cursor: string | null;
  prefix: string | null;
  order: "asc" | "desc" | null;
}

export type ItemCall = CallOf<"get" | "put" | "patch" | "update" | "delete">;
export type ListCall = CallOf<"list" | "query">;
export type Call = ItemCall | ListCall;

export function isListCall(call: Call): call is ListCall {
  return call.operation === "list" || call.operation === "query";
}

export interface Expressions {
  UpdateExpression: string;
  ConditionExpression?: string;
  ExpressionAttributeValues?: Record<string, Record<string, unknown>>;
}

/** The body of a native update, whose expressions the call has as its item. */
export function itemUpdate(call: Call) {
  return { id: call.id, name: call.name, ...(call.item as unknown as Expressions) };
}

export interface Failure {
  type: string;
  title: string;
  status: number;
  detail: string;
  request_id: string;
}

export interface Page {
  items: { id: string; etag: string | null; item: Record<string, unknown> }[];
  next: string | null;
  evaluated: number;
}

export interface Result {
  status: number;
  etag: string | null;
  item: Record<string, unknown> | null;
  problem: Failure | null;
  page?: Page;
}

export function failure(problem: Failure): Failure {
  const { type, title, status, detail, request_id } = problem;
  return { type, title, status, detail, request_id };
}

export function present(headers: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((header): header is [string, string] => header[1] !== null),
  );
}

/** Which page of a partition the call requests. */
export function paging({ limit, cursor, prefix, order }: Call) {
  return {
    limit: limit ?? undefined,
    cursor: cursor ?? undefined,
    prefix: prefix ?? undefined,
    order: order ?? undefined,
  };
}

export async function converse(result: (call: Call) => Promise<Result>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await result(JSON.parse(line) as Call)) + "\n");
  }
}
