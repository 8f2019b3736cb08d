// The folder of this page is the root of the service, also behind a proxy that adds a prefix.
const root = new URL(".", document.baseURI);
const response = await fetch(new URL("openapi.json", root));
const spec = await response.json();
spec.servers = [{ url: root.href.replace(/\/$/, ""), description: "This service" }];

// Swagger UI sends examples as values, and no item has the ETag of an example.
const operations = Object.values(spec.paths).flatMap((path) => [path, ...Object.values(path)]);
const parameters = [spec.components, ...operations].flatMap((owner) =>
  Object.values(owner.parameters ?? {}),
);
for (const parameter of parameters.filter(({ required }) => !required)) {
  delete parameter.example;
  delete parameter.schema?.example;
}

SwaggerUIBundle({
  spec,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
