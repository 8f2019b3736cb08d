"""The committed OpenAPI document, and what keeps it fresh."""
