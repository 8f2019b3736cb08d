"""Plain and typed JSON, patches, and their limits."""
