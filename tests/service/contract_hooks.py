"""What the tester of the API has to be told beside the document; read by schemathesis, not by pytest."""

from __future__ import annotations

import json
import os
import re
import zlib
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import schemathesis

NDJSON: Final = "application/x-ndjson"


class Beyond(NamedTuple):
    """An answer that is right although no schema can say so: 422 to a request that the schema takes."""

    operation: str
    pointer: str
    """Pattern of every place that the answer names."""
    because: str
    """Pattern of what it says is wrong there."""
    reason: str
    """Why no schema can say it."""


YEAR: Final = "the year lies outside 1990 to 2199"
BEYOND: Final = (
    *(
        Beyond(one, "query first", "a period has 1 to 1100 days", "a schema does not reckon with two days, or with today")
        for one in ("GET /v1/kpis", "GET /v1/kpis/{name}", "GET /v1/kpis/{name}/rows")
    ),
    *(
        Beyond(one, "query", "a period has 1 to 400 days|is no time zone", "a schema does not reckon with two days, and lists no zones of the world")
        for one in ("GET /v1/outcomes", "GET /v1/outcomes/rows")
    ),
    Beyond(
        "PUT /v1/personal-data/rules/{country}", "/orders_days", "or where data stay, or both", "a schema does not say that of two fields one is given"
    ),
    Beyond(
        "GET /v1/rules/effective", "query region", "give node or region", "a schema does not say that of two queries one is given"
    ),
    *(
        Beyond(one, "/(loaded|lines)", "name each item and lot once", "a schema compares whole lines, not their keys")
        for one in ("POST /v1/transfers/{transfer}/dispatch", "POST /v1/transfers/{transfer}/receipts")
    ),
    Beyond("POST /v1/forecast-overrides", "", "before it begins on", "a schema does not compare two days"),
    Beyond("PATCH /v1/schedule/{name}", "/asked", "^job ", "each job is asked for things of its own"),
    Beyond("PATCH /v1/schedule/{name}", "/timing", "is no time zone", "a schema does not list the zones of the world"),
    Beyond("PUT /v1/quotas", "/quotas", "name each once", "a schema compares whole lines, not their keys"),
    *(
        Beyond(one, "/mapping", "^rule [0-9]+", "a mapping is written in a language of its own, JMESPath")
        for one in ("POST /v1/sources", "PATCH /v1/sources/{source}")
    ),
    *(
        Beyond(one, "/(scheme|options|secret)", "scheme|option|secret|whsec_|bytes", "each scheme of signatures has its own options and secrets")
        for one in ("POST /v1/sources", "PATCH /v1/sources/{source}", "POST /v1/sources/{source}/secrets")
    ),
    *(
        Beyond(one, "/url", "^(https is needed|this is no address|no user or password)", "http is taken only where a setting lets it; the rest is the grammar of addresses")
        for one in ("POST /v1/webhooks", "PATCH /v1/webhooks/{webhook}")
    ),
    Beyond("POST /v1/route", "/lines", "each line has its own id", "a schema compares whole lines, not their keys"),
    *(
        Beyond(one, "/.*(_at|until|to)", YEAR, "of moments in a choice of kinds the tester heeds the format, not the pattern")
        for one in ("POST /v1/route", "POST /v1/exceptions", "POST /v1/rollback")
    ),
    Beyond(
        "POST /v1/scenario-runs", r"/scenarios/\d+", "^scenario|stands twice", "a scenario is written in a small language of its own"
    ),
    Beyond(
        "POST /v1/stock/observations", r"/observations/\d+/version", "less than or equal to 4611686018427387904",
        "the tester compares whole numbers above 2^53 as floating point",
    ),
    *(
        Beyond(one, "/(password|new)", "so few different|little more than the account", "a schema counts no different characters")
        for one in ("POST /v1/people", "PUT /v1/people/{account}/password", "POST /v1/session/password")
    ),
)  # fmt: skip
REPORTED: Final = ("POST /v1/network", "POST /v1/rates")
"""Take files, whose cells no schema describes: they answer 422 with a report of every cell, which the description holds."""


@schemathesis.serializer(NDJSON)
def lines(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """JSON Schema takes 1.0 for an integer; the API does not. Lines of an order have ids of their own. Names are known ones."""
    body = _whole(body)
    if isinstance(body, dict) and isinstance(body.get("lines"), list):
        for number, line in enumerate(body["lines"]):
            if number and isinstance(line, dict) and isinstance(line.get("id"), str):
                line["id"] = f"{line['id'][:190]}-{number}"
    return body


@schemathesis.hook
def map_path_parameters(_context: Any, parameters: Any) -> Any:
    """Every second id is one that is there, so that more is tried than how the unknown is answered."""
    if not isinstance(parameters, dict):
        return parameters
    # What cannot stand in an address is percent-encoded already: that is looked at, not how it is written.
    return {
        name: _known(name, value) if not isinstance(value, str) or _NAME.match(unquote(value)) else value
        for name, value in parameters.items()
    }


@schemathesis.hook
def map_headers(_context: Any, headers: Any) -> Any:
    """Every second tag of what was seen is `*`, so that more is tried than how another version is refused."""
    seen = headers.get("If-Match") if isinstance(headers, dict) else None
    if isinstance(seen, str) and _PLAIN.match(seen) and zlib.crc32(seen.encode("utf-8", "surrogatepass")) % 2:
        return headers | {"If-Match": "*"}
    return headers


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure counts: all do but the answers that `BEYOND` and `REPORTED` foresee, each exactly as it says."""
    if type(failure).__name__ == "AcceptedNegativeData":
        return not (_right_as_sent(case, response) or _kept_as_dead(case, response))
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    operation = case.operation.label
    kind = response.headers.get("content-type", [""])[0]
    if operation in REPORTED:
        return not _is_report(response.status_code, kind, response.content)
    if response.status_code != 422 or kind != "application/problem+json":
        return True
    said = json.loads(response.content)
    return (
        said["code"] != "invalid_request"
        or not said["errors"]
        or not all(
            any(
                one.operation == operation
                and re.fullmatch(one.pointer, place["pointer"])
                and re.search(one.because, place["because"])
                for one in BEYOND
            )
            for place in said["errors"]
        )
    )


def _right_as_sent(case: Any, response: Any) -> bool:
    """Whether all that was made wrong is one value where a list is wanted: in an address both are written alike."""
    told = case.operation.definition.raw.get("parameters", ())
    lists = {
        one["name"]
        for one in told
        if one["in"] == "query" and any("items" in kind for kind in (one["schema"], *one["schema"].get("anyOf", ())))
    }
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    mutations = getattr(case.meta.phase.data, "mutations", ())
    return bool(mutations) and all(
        one.parameter_location.name == "QUERY"
        and one.parameter in lists
        and all(_PLAIN.match(value) for value in sent.get(one.parameter, ()))
        for one in mutations
    )


def _kept_as_dead(case: Any, response: Any) -> bool:
    """Whether events that are wrong were kept as dead letters and named, each: none is lost for what stands beside it."""
    if case.operation.label != "POST /v1/ingest/{source}/events" or response.status_code != 202:
        return False
    mutations = getattr(case.meta.phase.data, "mutations", ())
    said = json.loads(response.content)
    in_body = all(one.parameter_location.name == "BODY" for one in mutations)
    return in_body and said["dead"] == len(said["errors"]) > 0


def _is_report(status: int, kind: str, content: bytes) -> bool:
    """Whether files were answered as files are: by a report that names what is wrong, or as no archive at all."""
    if status == 400:
        return kind == "application/problem+json" and json.loads(content)["code"] == "malformed_body"
    return status == 422 and kind == "application/json" and bool(json.loads(content)["problems"])


def _known(name: str, value: Any) -> Any:
    """One of the world's own ids for every second value that could be one, chosen by the value itself."""
    there = KNOWN.get(name, ())
    fits = _NAME.match(value) if isinstance(value, str) else type(value) is int and 0 < value < 2**31
    if not there or not fits or type(value) is not type(there[0]):
        return value
    drawn = zlib.crc32(str(value).encode("utf-8", "surrogatepass"))
    return there[drawn // 2 % len(there)] if drawn % 2 else value


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _known(name, _whole(each)) if isinstance(name, str) else each for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return value


_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{0,200}\Z")
_NAME: Final = re.compile(r"(?=.{1,200}\Z)[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\Z")
"""What any id may be: only such a value is replaced by a known one, so that what is wrong stays wrong."""
KNOWN: Final[dict[str, list[Any]]] = json.loads(os.environ.get("CONTRACT_KNOWN", "{}"))
"""Ids that are there, by the name of the parameter."""
