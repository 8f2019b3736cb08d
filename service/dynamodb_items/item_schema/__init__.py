"""The JSON Schema that items have to match: read and checked at start, judged for each write.

Start with ``reading``, which makes an ``ItemSchema`` of a file. No module here is imported without
``ITEMS_SCHEMA``.
"""
