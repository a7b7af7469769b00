"""What a caller is told when something is wrong: RFC 9457 problem details, with a stable code and a hint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
MOST_ERRORS: Final = 50
"""Places named in one answer."""


class Place(BaseModel):
    """One place in the request that is wrong."""

    pointer: str = Field(description="JSON pointer into the body, or the name of a parameter")
    because: str


class ProblemDetails(BaseModel):
    """RFC 9457, as every error of this API."""

    type: str = Field(description="URN of the code: urn:evenstock:problem:CODE")
    title: str
    status: int
    code: str = Field(description="Stable: programs may rely on it")
    detail: str = Field(description="What is wrong here, in a sentence")
    hint: str = Field(default="", description="What to do about it")
    errors: list[Place] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem."""

    name: str
    status: int
    title: str
    hint: str


CODES: Final[Mapping[str, Code]] = {
    code.name: code
    for code in (
        Code("invalid_request", 422, "The request is not valid", "correct the places named in errors"),
        Code("malformed_body", 400, "The body cannot be read", "send JSON in UTF-8, nested at most 200 deep, each key of an object once"),
        Code("unsupported_media_type", 415, "The media type is not taken here", "send application/json"),
        Code("not_acceptable", 406, "None of the media types asked for is given here", "ask for application/json"),
        Code("not_authenticated", 401, "Nobody is signed in", "send Authorization: Bearer with an API key, or sign in"),
        Code("not_allowed", 403, "This is not allowed", "ask an administrator for the role or scope named"),
        Code("quarantined", 403, "This actor is quarantined", "ask its owner, or a person who manages accounts, to look at it and release it"),
        Code("over_limit", 403, "It is worth more than you may decide about", "ask somebody whose limit is higher"),
        Code("cross_site", 403, "The change did not come from our own page", "send X-CSRF-Token as GET /v1/session tells it"),
        Code("wrong_password", 401, "Account and password do not match", "check both; after some tries each waits longer"),
        Code("sign_in_refused", 401, "The sign-in did not come to its end", "begin it again at GET /v1/session/oidc"),
        Code("no_accounts", 409, "No accounts are kept here", "start the service with a pepper, then evenstock people add"),
        Code("not_found", 404, "There is no such thing", "check the id; lists show what there is"),
        Code("no_such_route", 404, "There is no such address", "see /v1/openapi.json"),
        Code("method_not_allowed", 405, "The method is not taken here", "see the header Allow"),
        Code("conflict", 409, "It does not go with what is there", "read it again and decide anew"),
        Code("idempotency_key_reused", 409, "The key came with another request before", "give each request its own Idempotency-Key"),
        Code("changed_meanwhile", 412, "It was changed since it was read", "read it again and send its new ETag in If-Match"),
        Code("too_large", 413, "The body is too large", "send less at once; bulk imports take NDJSON in parts"),
        Code("malformed_request", 400, "This is no HTTP request", "speak HTTP/1.1 as RFC 9112 has it"),
        Code("too_slow", 408, "The request did not arrive in time", "send it again, all of it at once"),
        Code("address_too_long", 414, "The address is too long", "send what is long in the body"),
        Code("headers_too_large", 431, "The headers are too large", "send fewer or shorter headers"),
        Code("refused", 409, "The books refuse it", "see the detail"),
        Code("bad_signature", 401, "The signature does not match the body", "sign the raw body with the secret of this source"),
        Code("too_many_requests", 429, "This caller asks too often", "wait as long as Retry-After says"),
        Code("overloaded", 503, "There is more to do than can be done", "ask again after Retry-After; nothing was done"),
        Code("unavailable", 503, "The books cannot be reached", "ask again under the same key: it counts once"),
        Code("not_ready", 503, "The service is not ready", "see the checks in the body"),
        Code("not_set_up", 409, "No network was imported yet", "import one: POST /v1/network, or evenstock import FOLDER"),
        Code("internal", 500, "Something went wrong here", "tell the operator the request's id; nothing was changed unless it says so"),
    )
}  # fmt: skip


class Problem(Exception):  # noqa: N818 (RFC 9457 calls it so)
    """Raised anywhere in a request; answered as problem details."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        hint: str = "",
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = CODES[code]
        self.detail, self.hint = detail, hint or self.code.hint
        self.errors, self.headers = errors, dict(headers or {})

    def document(self) -> dict[str, Any]:
        """As `ProblemDetails` says it."""
        return {
            "type": f"urn:evenstock:problem:{self.code.name}",
            "title": self.code.title,
            "status": self.code.status,
            "code": self.code.name,
            "detail": self.detail,
            "hint": self.hint,
            "errors": [{"pointer": at, "because": why} for at, why in self.errors[:MOST_ERRORS]],
        }


def problem_reply(problem: Problem) -> Response:
    return Response(to_json(problem.document()), problem.code.status, problem.headers, MEDIA_TYPE)


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What pydantic found, as places in the request; values are not repeated, they may be secret."""
    places = [(pointer(error["loc"]), str(error["msg"]).removeprefix("Value error, ")) for error in errors]
    where = f"{places[0][0] or 'the body'}: {places[0][1]}" if places else "the request is not valid"
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return Problem("invalid_request", where + more, errors=places)


def invalid_model(error: ValidationError) -> Problem:
    return invalid([{"loc": ("body", *one["loc"]), "msg": one["msg"]} for one in error.errors(include_input=False)])


def pointer(where: Sequence[str | int]) -> str:
    """A place in the request as JSON pointer (RFC 6901); the name alone for parameters.

    Examples
    --------
    >>> pointer(("body", "lines", 0, "units")), pointer(("query", "limit"))
    ('/lines/0/units', 'query limit')
    """
    if where and where[0] == "body":
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in where[1:])
    return " ".join(str(part) for part in where)
