"""The operations of the OpenAPI document: their parameters, bodies and responses."""
