// Fastify and the document client of AWS's SDK for JavaScript, version 3.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import Fastify from "fastify";

const TableName = process.env.BENCH_TABLE;
const client = DynamoDBDocumentClient.from(
  new DynamoDBClient({ endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB }),
);
const fastify = Fastify({ bodyLimit: 1024 * 1024 });

const keyOf = ({ id, name }) => ({ Id: Number(id), Name: name });

fastify.get("/items/:id/:name", async (request, reply) => {
  const { Item } = await client.send(new GetCommand({ TableName, Key: keyOf(request.params) }));
  return Item ?? reply.code(404).send();
});

fastify.get("/items/:id", async (request) => {
  const { Items, LastEvaluatedKey } = await client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: "Id = :id",
      ExpressionAttributeValues: { ":id": Number(request.params.id) },
      Limit: Number(request.query.limit),
    }),
  );
  return { items: Items, next: LastEvaluatedKey };
});

fastify.put("/items/:id/:name", async (request) => {
  const Item = { ...keyOf(request.params), ...request.body };
  await client.send(new PutCommand({ TableName, Item }));
  return Item;
});

fastify.patch("/items/:id/:name", async (request) => {
  const changes = Object.entries(request.body);
  const { Attributes } = await client.send(
    new UpdateCommand({
      TableName,
      Key: keyOf(request.params),
      UpdateExpression: `SET ${changes.map((_, index) => `#${index} = :${index}`).join(", ")}`,
      ExpressionAttributeNames: Object.fromEntries(changes.map(([name], index) => [`#${index}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        changes.map(([, value], index) => [`:${index}`, value]),
      ),
      ReturnValues: "ALL_NEW",
    }),
  );
  return Attributes;
});

await fastify.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
