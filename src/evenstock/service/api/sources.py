"""The systems whose events are taken in: made, changed, given new secrets; and feeds that are held until a person has looked."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, JsonValue
from starlette.responses import Response

from evenstock.domain import rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.inbound.breaker import LEAST, SHARE_PERCENT, Limit, discard, held_feeds, let_pass
from evenstock.operations.inbound.sources import (
    OVERLAP,
    SealedSecret,
    Source,
    change_source,
    forget_source,
    keep_source,
    source_named,
    sources,
)
from evenstock.operations.ports import ConflictError, Store, StoreError, Transaction, UnavailableError
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.events.known_sources import about
from evenstock.service.events.mapping import MappingError, compiled, events_of
from evenstock.service.events.signatures.standard_webhooks import key_name, made_secret
from evenstock.service.events.signing import schemes, with_defaults
from evenstock.service.events.taking import Taking, taking_of, vault_of
from evenstock.service.guard import GuardedRoute, caller, guarded
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, from_cursor, match, nothing, page, said, tagged
from evenstock.service.http.strict import Name, Reason, Strict

ROUTER = APIRouter(tags=["sources"], route_class=GuardedRoute)
_RANDOM_BYTES: Final = 32
_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_Expression = Annotated[str, Field(max_length=4_000)]


class RuleBody(Strict):
    """How one kind of body becomes events; expressions are JMESPath over `{body, headers}`, with `each` also `{item}`."""

    when: _Expression = Field(default="", description="Whether the rule is for this body; empty: for every one")
    each: _Expression = Field(default="", description="A list of which every item is an event")
    id: _Expression = Field(default="", description="Empty: the delivery's id, or the body's digest")
    type: _Expression = Field(default="", description="Such as `'stock.observed'`")
    time: _Expression = Field(default="", description="When it happened; empty: when it was received")
    subject: _Expression = Field(default="")
    data: _Expression = Field(default="", description="Such as {sku: item.sku, node: 'TX', units: item.qty}")
    ignore: bool = Field(default=False, description="Bodies that are none of our business")


class BreakerBody(Strict):
    """A source that empties more of a node within an hour is held until a person has looked."""

    share_percent: Annotated[int, Field(ge=1, le=100)] = SHARE_PERCENT
    least: Annotated[int, Field(ge=1, le=1_000_000, description="Fewer items than this are never held")] = LEAST


class SourceBody(Strict):
    id: Annotated[Name, Field(pattern=_ID, json_schema_extra={"pattern": _ID})]
    scheme: Annotated[str, Field(max_length=50)] = Field(
        default="", description="How it signs; empty: it sends with an API key of ours"
    )
    options: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, description="Of the scheme, such as the name of a header"
    )
    secret: Annotated[str, Field(min_length=16, max_length=500)] | None = Field(
        default=None, description="The one the other system shows; without it one is made and shown once"
    )
    mapping: Annotated[list[RuleBody], Field(max_length=50)] = Field(default_factory=list)
    breaker: BreakerBody = BreakerBody()


class SourceChange(Strict):
    """What is left out stays as it is."""

    options: dict[str, Annotated[str, Field(max_length=200)]] | None = None
    mapping: Annotated[list[RuleBody], Field(max_length=50)] | None = None
    breaker: BreakerBody | None = None
    paused: bool | None = None


class SecretBody(Strict):
    secret: Annotated[str, Field(min_length=16, max_length=500)] | None = None
    overlap_s: Annotated[
        int, Field(ge=0, le=int(OVERLAP.total_seconds()), description="How long the one before stays good, seconds")
    ] = int(OVERLAP.total_seconds())


class TrialBody(Strict):
    """A body as the source would send it."""

    body: JsonValue
    headers: dict[str, Annotated[str, Field(max_length=1_000)]] = Field(default_factory=dict)
    mapping: Annotated[list[RuleBody], Field(max_length=50)] | None = Field(
        default=None, description="Rules to try; without them those of the source"
    )


class Answer(StrEnum):
    BELIEVE = "let_pass"
    DISCARD = "discard"


class HeldAnswerBody(Strict):
    node: Name
    answer: Annotated[Answer, Field(strict=False)]
    because: Reason


class SecretOut(Out):
    since: Moment
    until: Moment | None = Field(description="Good no longer from then on; null for the one in force")


class SourceOut(Out):
    id: str
    scheme: str
    options: dict[str, str]
    secrets: list[SecretOut] = Field(description="At most two, the newest first; never the secrets themselves")
    mapping: list[RuleBody]
    breaker: BreakerBody
    paused: bool
    made_by: str
    made_at: Moment | None


class SourcesOut(Out):
    items: list[SourceOut]
    next: str | None


class MadeOut(SourceOut):
    secret: str | None = Field(description="Shown this once; null where it was given, or an API key is used")
    key_name: str | None = Field(description="Names the secret and tells nothing of it")


class NewSecretOut(Out):
    secret: str | None = Field(description="Shown this once; null where it was given")
    key_name: str
    secrets: list[SecretOut]


class TrialOut(Out):
    ignored: bool
    events: list[dict[str, JsonValue]]
    because: str = Field(description="Why it cannot be read; empty where it can")


class HeldOut(Out):
    source: str
    node: str
    since: Moment
    because: str
    waiting: int = Field(description="Statements held, as dead letters")


class HeldsOut(Out):
    items: list[HeldOut]
    next: str | None


class AnsweredOut(Out):
    events: int = Field(description="Let pass, or dropped")


@ROUTER.get(
    "/sources", summary="Every source of events", responses={200: {"model": SourcesOut, "description": "A page"}}
)
@guarded(Action.WEBHOOKS_READ, Load.CONSOLE)
def list_(
    service: Annotated[Service, Depends(service_of)],
    limit: Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")] = None,
) -> Response:
    with service.store.reading() as books:
        found = sources(books, after=from_cursor(cursor), limit=limit + 1)
    return page([shown(one) for one in found[:limit]], found[limit - 1].id if len(found) > limit else None)


@ROUTER.post(
    "/sources",
    summary="Take events of another system",
    status_code=201,
    responses={201: {"model": MadeOut, "description": "Made; its secret is shown this once"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def make(
    request: Request,
    body: SourceBody,
    service: Annotated[Service, Depends(service_of)],
    taking: Annotated[Taking, Depends(taking_of)],
) -> Response:
    now = service.clock()
    made = Source(
        id=body.id,
        scheme=body.scheme,
        options=dict(body.options),
        mapping=tuple(_rule(rule) for rule in body.mapping),
        breaker=Limit(body.breaker.share_percent, body.breaker.least),
        made_by=caller(request).id,
        made_at=now,
    )
    _require_usable(made)
    secret: str | None = None
    if body.scheme:
        secret = body.secret or made_secret(randomness.token_bytes(_RANDOM_BYTES))
        made = replace(made, secrets=(SealedSecret(_sealed(service, made, secret), now),))
    elif body.secret is not None:
        raise _wrong("/secret", "a secret is of a signature scheme; say which one signs")
    with service.store.transaction() as books:
        keep_source(books, made)
    taking.sources.forget()
    out = shown(made) | {
        "secret": secret if body.secret is None else None,
        "key_name": key_name(secret) if secret else None,
    }
    return said(out, 201, {"Location": f"/v1/sources/{made.id}"})


@ROUTER.get(
    "/sources/{source}", summary="One source", responses={200: {"model": SourceOut, "description": "The source"}}
)
@guarded(Action.WEBHOOKS_READ, Load.CONSOLE)
def read(request: Request, source: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.transaction() as books:
        return tagged(request, shown(_found(books, source)))


@ROUTER.patch(
    "/sources/{source}",
    summary="Change how a source is read, or pause it",
    responses={200: {"model": SourceOut, "description": "As it is now"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def change(
    request: Request,
    source: str,
    body: SourceChange,
    service: Annotated[Service, Depends(service_of)],
    taking: Annotated[Taking, Depends(taking_of)],
    _match: IfMatch = None,
    _key: IdempotencyKey = None,
) -> Response:
    def work(store: Store) -> Response:
        with store.transaction() as books:
            before = _found(books, source)
            match(request, shown(before))
            after = replace(
                before,
                options=dict(body.options) if body.options is not None else before.options,
                mapping=tuple(map(_rule, body.mapping)) if body.mapping is not None else before.mapping,
                breaker=Limit(body.breaker.share_percent, body.breaker.least) if body.breaker else before.breaker,
                paused=before.paused if body.paused is None else body.paused,
            )
            _require_usable(after)
            change_source(books, after)
        return said(shown(after), headers={"ETag": etag(shown(after))})

    reply = once(request, service, body, work)
    taking.sources.forget()
    return reply


@ROUTER.post(
    "/sources/{source}/secrets",
    summary="Give a source a new secret; the one before stays good for up to an hour",
    status_code=201,
    responses={201: {"model": NewSecretOut, "description": "In force; shown this once"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def rotate(
    source: str,
    body: SecretBody,
    service: Annotated[Service, Depends(service_of)],
    taking: Annotated[Taking, Depends(taking_of)],
) -> Response:
    secret = body.secret or made_secret(randomness.token_bytes(_RANDOM_BYTES))
    now = service.clock()
    with service.store.transaction() as books:
        before = _found(books, source)
        if not before.scheme:
            raise Problem("refused", f"{source} sends with an API key; it has no secret")
        after = before.with_secret(_sealed(service, before, secret), now, timedelta(seconds=body.overlap_s))
        change_source(books, after)
    taking.sources.forget()
    out = {
        "secret": secret if body.secret is None else None,
        "key_name": key_name(secret),
        "secrets": shown(after)["secrets"],
    }
    return said(out, 201)


@ROUTER.delete("/sources/{source}", summary="Take no more events of a source", status_code=204)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def remove(
    source: str, service: Annotated[Service, Depends(service_of)], taking: Annotated[Taking, Depends(taking_of)]
) -> Response:
    """What it sent stays. Refused while something of it waits to be applied."""
    with service.store.transaction() as books:
        _found(books, source)
        forget_source(books, source)
    taking.sources.forget()
    return nothing()


@ROUTER.post(
    "/sources/{source}/trials",
    summary="See which events a body would become, without storing anything",
    responses={200: {"model": TrialOut, "description": "What it reads"}},
)
@guarded(Action.WEBHOOKS_READ, Load.CONSOLE)
def try_(source: str, body: TrialBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.transaction() as books:
        found = _found(books, source)
    rules = found.mapping if body.mapping is None else [_rule(rule) for rule in body.mapping]
    try:
        read_as = events_of(compiled(rules), body.body, {k.lower(): v for k, v in body.headers.items()})
    except MappingError as wrong:
        return said({"ignored": False, "events": [], "because": str(wrong)})
    return said({"ignored": read_as is None, "events": read_as or [], "because": ""})


@ROUTER.get(
    "/held-feeds",
    summary="Sources that are not believed about a node until a person has looked",
    responses={200: {"model": HeldsOut, "description": "All of them"}},
)
@guarded(Action.EVENTS_READ, Load.CONSOLE)
def held(service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.reading() as books:
        found = held_feeds(books)
    items = [
        {"source": h.source, "node": h.node, "since": rfc3339(h.since), "because": h.because, "waiting": h.waiting}
        for h in found
    ]
    return page(items, None)


@ROUTER.post(
    "/held-feeds/{source}",
    summary="Let a held feed pass, or discard it",
    responses={200: {"model": AnsweredOut, "description": "Done"}},
)
@guarded(Action.EVENTS_REPLAY, Load.CONSOLE)
def answer(
    request: Request,
    source: str,
    body: HeldAnswerBody,
    service: Annotated[Service, Depends(service_of)],
    _key: IdempotencyKey = None,
) -> Response:
    by, now = caller(request).id, service.clock()

    def work(store: Store) -> Response:
        if body.answer is Answer.BELIEVE:
            return said({"events": let_pass(store, source, body.node, f"{by}: {body.because}", now)})
        return said({"events": discard(store, source, body.node, by, body.because, now)})

    try:
        return once(request, service, body, work)
    except (ConflictError, UnavailableError):
        raise
    except StoreError as nothing_there:
        raise Problem("not_found", str(nothing_there)) from None


def shown(source: Source) -> dict[str, Any]:
    """A source as `SourceOut` says it."""
    return {
        "id": source.id,
        "scheme": source.scheme,
        "options": dict(source.options),
        "secrets": [
            {"since": rfc3339(s.since), "until": rfc3339(s.until) if s.until else None} for s in source.secrets
        ],
        "mapping": [RuleBody(**rule).model_dump() for rule in source.mapping],
        "breaker": {"share_percent": source.breaker.share_percent, "least": source.breaker.least},
        "paused": source.paused,
        "made_by": source.made_by,
        "made_at": rfc3339(source.made_at) if source.made_at else None,
    }


def _found(books: Transaction, source: str) -> Source:
    try:
        return source_named(books, source)
    except UnavailableError:
        raise
    except StoreError as none:
        raise Problem("not_found", str(none)) from None


def _rule(rule: RuleBody) -> Mapping[str, Any]:
    return rule.model_dump(exclude_defaults=True)


def _require_usable(source: Source) -> None:
    """Raise Problem where scheme, options or mapping cannot be used."""
    try:
        compiled(source.mapping)
    except MappingError as wrong:
        raise _wrong("/mapping", str(wrong)) from None
    if not source.scheme:
        if source.options:
            raise _wrong("/options", "options are of a signature scheme; say which one signs")
        return
    scheme = schemes().get(source.scheme)
    if scheme is None:
        raise _wrong("/scheme", f"there is no scheme {source.scheme!r}; there are {', '.join(schemes())}")
    try:
        with_defaults(scheme, source.options)
    except ValueError as wrong:
        raise _wrong("/options", str(wrong)) from None


def _sealed(service: Service, source: Source, secret: str) -> str:
    scheme = schemes()[source.scheme]
    try:
        scheme.key(secret, with_defaults(scheme, source.options))
    except ValueError as wrong:
        raise _wrong("/secret", str(wrong)) from None
    return vault_of(service).seal(secret.encode(), about(source.id))


def _wrong(pointer: str, because: str) -> Problem:
    return Problem("invalid_request", f"{pointer}: {because}", errors=[(pointer, because)])
