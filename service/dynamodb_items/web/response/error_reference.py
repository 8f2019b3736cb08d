"""The error reference for people: ``docs/errors.md``, also served at ``/docs/errors``."""

from dynamodb_items.web.response.problems import all_problems


def error_reference() -> str:
    """Return the error reference as Markdown, with one section for each problem."""
    lines = [
        "# Errors",
        "",
        "Every error response has an `application/problem+json` body (RFC 9457) with the members",
        "`type`, `title`, `status`, `detail`, `instance` and `request_id`. If single fields of a",
        "request are invalid, `errors` lists up to 100 of them, each with a `detail` and a",
        "`pointer`: a JSON Pointer (RFC 6901) into the body, or `?` and the name of a query",
        "parameter. `type` is the URL of a section below.",
        "",
        "`make fix` writes this page from `service/dynamodb_items/web/response/problems.py`.",
    ]
    for problem in all_problems():
        lines += ["", f"## {problem.slug}", "", f"**{problem.status.value}** {problem.title}."]
        if problem.retry_after_seconds:
            least, most = problem.retry_after_seconds
            lines[-1] += f" `Retry-After: {least if least == most else f'{least} to {most}'}`."
        lines += ["", problem.advice]
    return "\n".join(lines) + "\n"
