"""The OpenAPI document: the text of each operation, and how the document is built.

Start with the operation to read or change: ``item_operations``, ``native_operations``,
``batch_operations`` and ``health_operations`` contain the summary, description, parameters, body
and responses of each. They use ``responses`` and ``examples``, and the names that ``components``
registers. Bodies and query parameters have the schemas that also check the requests
(``web.request.body_schemas``, ``web.request.query_schemas``); ``response_schemas`` has all others.
``document`` joins these parts, and ``security`` adds authentication and rate limits.
"""
