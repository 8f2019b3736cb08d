"""Formats of items: plain JSON, typed JSON, patches, and their limits."""
