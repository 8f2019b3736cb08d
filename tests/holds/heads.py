"""Heads of requests: header fields, query strings and paths."""

from collections.abc import Iterator

from tests.holds.parts import HEADER_LINES, LINE_BYTES, PLAIN


def headers() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Request headers: one long line, and as many as a server takes."""
    elements = {
        "Accept": ["a/b", "application/json;q=0.1", "*/*;q=0.5", "", ";", '"', 'a/b;c="d"'],
        "Accept-Encoding": ["gzip", ""],
        "If-Match": ['"a"', "", 'W/"a"', '"'],
        "If-None-Match": ['"a"', 'W/"a"'],
        "Prefer": ["a=b", "", '"', "a;b;c"],
        "Idempotency-Key": ["a"],
        "Authorization": ["Bearer a", "a=b"],
        "Access-Control-Request-Headers": ["", "a"],
        "X-Forwarded-For": ["1.1.1.1", "", '"'],
        "X-Forwarded-Proto": ["https", ""],
        "Forwarded": ["for=a"],
        "Cookie": ["a=b", ";"],
        "traceparent": ["00-" + "a" * 32 + "-" + "b" * 16 + "-01"],
        "tracestate": ["a=b", ""],
        "X-Request-Id": ["a"],
        "X-API-Key": ["items_a_b"],
        "Origin": ["https://page.example"],
        "Connection": ["close"],
    }
    for name, parts in elements.items():
        for part in parts:
            line = ",".join([part] * (LINE_BYTES // (len(part) + 1)))
            yield f"{name}: {part},… once", [(name, line)]
            yield f"{name}: {part},… often", [(name, line)] * HEADER_LINES
    yield "many headers", [(f"X-{n}", "a" * LINE_BYTES) for n in range(HEADER_LINES)]
    content_types = [
        PLAIN + ";a=b" * 2000,
        PLAIN + ';a="' + '\\"' * 4000,
        PLAIN + ";" * 8000,
        PLAIN + ";a*0=b" * 1300,
        PLAIN + ";a" * 4000,
        PLAIN + " " * 8000,
    ]
    for value in content_types:
        yield f"Content-Type: {value[:24]}…", [("Content-Type", value)]


def queries() -> Iterator[tuple[str, str]]:
    yield "paths", "fields=" + ",".join(["a"] * 7900)
    yield "different paths", "fields=" + ",".join(f"{n:x}" for n in range(3500))
    yield "a deep path", "fields=" + ".".join(["a"] * 7900)
    yield "parameters", "&".join(["fields=a"] * 1750)
    yield "unknown parameters", "&".join(f"{n:x}" for n in range(4000))
    yield "ampersands", "&" * 15_900
    yield "escapes", "fields=" + "%5C%2E" * 2600
    yield "backslashes", "fields=" + "\\" * 15_900
    yield "dots", "fields=" + "." * 15_900
    yield "commas", "fields=" + "," * 15_900
    yield "repeated", "&".join(["consistent_read=true"] * 750)


def paths() -> Iterator[tuple[str, str]]:
    yield "an encoded name", "/items/7/" + "%C3%A9" * 2640
    yield "a long number", "/items/" + "1" * 15_900 + "/x"
    yield "a number's exponent", "/items/1e" + "9" * 15_900 + "/x"
    yield "segments", "/items" + "/a" * 7900
    yield "slashes", "/" * 15_900
    yield "escapes that end", "/items/7/" + "%" * 15_900
    yield "dots", "/items/7/" + "../" * 5250
