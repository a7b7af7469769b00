"""What the tester of the API has to be told beside the document; read by schemathesis, not by pytest."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """JSON Schema takes 1.0 for an integer; the API does not. And lines of an order have ids of their own."""
    body = _whole(body)
    if isinstance(body, dict) and isinstance(body.get("lines"), list):
        for number, line in enumerate(body["lines"]):
            if number and isinstance(line, dict) and isinstance(line.get("id"), str):
                line["id"] = f"{line['id'][:190]}-{number}"
    return body


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return value
