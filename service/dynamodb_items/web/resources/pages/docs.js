// The folder of this page is where the service is mounted, whatever prefix a proxy put before it.
const root = new URL(".", document.baseURI);
const answer = await fetch(new URL("openapi.json", root));
const spec = await answer.json();
spec.servers = [{ url: root.href.replace(/\/$/, ""), description: "This service" }];

// Swagger UI sends an example as if it had been typed in, and no item has the ETag of an example.
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
