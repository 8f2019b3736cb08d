"""The JSON Schema that items have to match: read and checked at start, judged for each write.

Start with ``reading``, which makes an ``ItemSchema`` of a file. Without ``ITEMS_SCHEMA``, no module
that imports the validator is imported.
"""
