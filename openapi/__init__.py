"""The generated OpenAPI document, and the tool that writes and checks it."""
