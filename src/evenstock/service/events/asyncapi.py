"""The description of events, in and out (AsyncAPI 3.0): made of the kinds, the schemes and the facts that there are.

References
----------
asyncapi.com, specification 3.0.0; CloudEvents 1.0.2; standardwebhooks.com, specification 1.0.0.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from evenstock import __version__
from evenstock.operations.inbound.applying import Kind, kinds
from evenstock.operations.outbound.facts import FACTS
from evenstock.service.events.cloudevents import BATCH, LARGEST, LONGEST_ID, MOST_EVENTS, STRUCTURED
from evenstock.service.events.outgoing.envelope import CONTENT_TYPE, TYPE_PREFIX
from evenstock.service.events.signing import Scheme, schemes

ADDRESS: Final = "/v1/ingest/{source}/events"
_KEY: Final = "key"
_ABOUT: Final = f"""What other systems tell us (`receive`) and what we tell them (`send`). `docs/events.md` says the rest.

Each event is a CloudEvent, sent alone (`{STRUCTURED}`), many in a list (`{BATCH}`, at most {MOST_EVENTS:,} events and
{LARGEST // 1_000_000} MB), or with its attributes in headers `ce-...`. Delivery is at least once both ways: an event is named by its
`source` and `id`, a message of ours by `webhook-id`, and a second one has no effect."""


def document() -> dict[str, Any]:
    """The whole of it, as JSON says it."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {"envelope": _envelope(), "signed_headers": _signed_headers()}
    for name, kind in sorted(kinds().items()):
        schemas[f"{name}.data"] = dict(kind.DATA)
        messages[name] = _told_to_us(name, kind)
        channels[f"ingest.{name}"] = _ingest(name)
        operations[f"receive.{name}"] = _operation("receive", f"ingest.{name}", name, [_KEY, *sorted(schemes())])
    for name, what in sorted(FACTS.items()):
        messages[TYPE_PREFIX + name] = _told_by_us(name, what)
        channels[f"webhook.{name}"] = _webhook(name)
        operations[f"send.{name}"] = _operation("send", f"webhook.{name}", TYPE_PREFIX + name, ["signed_by_us"])
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "evenstock",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": STRUCTURED,
        "servers": {
            "service": {
                "host": "{host}",
                "protocol": "https",
                "description": "Where evenstock runs",
                "variables": {"host": {"default": "localhost:8000", "description": "Of its public address"}},
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas, "messages": messages, "securitySchemes": _security()},
    }


def _ingest(name: str) -> dict[str, Any]:
    return {
        "address": ADDRESS,
        "title": name,
        "servers": [{"$ref": "#/servers/service"}],
        "parameters": {"source": {"description": "Id of the system that sends: POST /v1/sources makes one"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _webhook(name: str) -> dict[str, Any]:
    # Null: each subscriber says where.
    return {
        "address": None,
        "title": name,
        "description": "At the address of each webhook that asked for it: POST /v1/webhooks",
        "messages": {TYPE_PREFIX + name: {"$ref": f"#/components/messages/{TYPE_PREFIX}{name}"}},
    }


def _operation(action: str, channel: str, message: str, security: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
        # One of them is enough.
        "security": [{"$ref": f"#/components/securitySchemes/{one}"} for one in security],
    }


def _told_to_us(name: str, kind: Kind) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "summary": _sentence(kind).partition(": ")[2].rstrip("."),
        "contentType": STRUCTURED,
        "correlationId": {"location": "$message.payload#/id"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {
                    "type": "object",
                    "required": ["data"],
                    "properties": {"type": {"const": name}, "data": {"$ref": f"#/components/schemas/{name}.data"}},
                },
            ]
        },
    }


def _told_by_us(name: str, what: str) -> dict[str, Any]:
    ours = {
        "type": {"const": TYPE_PREFIX + name},
        "partitionkey": {"type": "string", "description": "What it is about, as subject: facts of one come in order"},
        "sequence": {"type": "string", "pattern": "^[0-9]{12,}$", "description": "Counts a webhook's messages"},
        "data": {"type": "object"},
    }
    return {
        "name": TYPE_PREFIX + name,
        "title": name,
        "summary": what,
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/id"},
        "headers": {"$ref": "#/components/schemas/signed_headers"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {
                    "type": "object",
                    "required": ["subject", "time", "datacontenttype", "partitionkey", "sequence", "data"],
                    "properties": ours,
                },
            ]
        },
    }


def _envelope() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
    return {
        "title": "CloudEvent",
        "type": "object",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {**text, "description": "With the source it names the event"},
            "source": text,
            "type": {"type": "string", "minLength": 1, "maxLength": 200},
            "time": {"type": "string", "format": "date-time", "description": "When it happened; without: when it came"},
            "subject": text,
            "datacontenttype": {"const": "application/json"},
        },
    }


def _signed_headers() -> dict[str, Any]:
    return {
        "title": "Headers of Standard Webhooks",
        "type": "object",
        "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
        "properties": {
            "webhook-id": {"type": "string", "description": "The same however often the message is sent"},
            "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$", "description": "Seconds since 1970"},
            "webhook-signature": {
                "type": "string",
                "description": "`v1,` and the base64 of the HMAC-SHA-256 of `id.timestamp.body`; several with spaces between",
            },
        },
    }


def _security() -> dict[str, Any]:
    found: dict[str, Any] = {
        _KEY: {"type": "http", "scheme": "bearer", "description": "An API key whose grant allows the source"},
        "signed_by_us": {
            "type": "httpApiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "Standard Webhooks with the webhook's secret: verify it before you believe",
        },
    }
    for name, scheme in sorted(schemes().items()):
        found[name] = {
            "type": "httpApiKey", "in": "header", "name": scheme.HEADER, "description": _signs(scheme),
        }  # fmt: skip
    return found


def _signs(scheme: Scheme) -> str:
    options: Mapping[str, str] = scheme.OPTIONS
    more = f" Options of the source: {', '.join(f'`{name}`' for name in options)}." if options else ""
    return _sentence(scheme) + more


def _sentence(member: object) -> str:
    """The first line of what a module says of itself."""
    name = getattr(member, "__name__", "")
    return (sys.modules[name].__doc__ or "").strip().splitlines()[0]
