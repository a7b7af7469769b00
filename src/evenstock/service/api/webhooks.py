"""Webhooks: who is told of what happens here, and every delivery with what came of it."""

from __future__ import annotations

import secrets as randomness
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, JsonValue
from starlette.responses import Response

from evenstock.domain import Event, rfc3339
from evenstock.operations.access.actions import Action
from evenstock.operations.inbound.sources import SealedSecret
from evenstock.operations.outbound.deliveries import (
    Delivery,
    deliveries,
    delivery_named,
    disable,
    enable,
    send_again,
    unsubscribe,
)
from evenstock.operations.outbound.subscriptions import (
    ACTIVE,
    DISABLED,
    OVERLAP,
    Subscription,
    change_subscription,
    subscribe,
    subscription_named,
    subscriptions,
)
from evenstock.operations.ports import ConflictError, Store, StoreError, Transaction, UnavailableError
from evenstock.service.admission import Load
from evenstock.service.context import Service, service_of
from evenstock.service.events.outgoing.sending import about
from evenstock.service.events.signatures.standard_webhooks import key, key_name, made_secret
from evenstock.service.events.taking import vault_of
from evenstock.service.guard import GuardedRoute, caller, guarded
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.idempotent import IdempotencyKey, IfMatch, once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import etag, from_cursor, match, nothing, page, said, tagged
from evenstock.service.http.strict import Strict, Text

ROUTER = APIRouter(tags=["webhooks"], route_class=GuardedRoute)
_RANDOM_BYTES: Final = 32
_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
Kinds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z]*\*?$")]],
    Field(min_length=1, max_length=100, description="Such as OrderRouted, Order*, or * for every one"),
]
Url = Annotated[
    str, Field(max_length=2_000, pattern=r"^https?://[!-~]+$", description="https; no user or password in it")
]
Secret = Annotated[
    str,
    Field(
        min_length=16,
        max_length=500,
        # Base64 of 16 bytes or more; what is wrong with another, the scheme says in a sentence.
        json_schema_extra={
            "pattern": "^(whsec_)?([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$"
        },
    ),
]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Most items of a page")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")]


class WebhookBody(Strict):
    id: Annotated[str, Field(min_length=1, max_length=100, pattern=_ID)]
    url: Url
    kinds: Kinds = Field(default_factory=lambda: ["*"])
    in_order: bool = Field(default=False, description="All facts one after the other, not only those of one aggregate")
    about: Text = ""
    secret: Secret | None = Field(default=None, description="whsec_ and base64; without it one is made and shown once")


class WebhookChange(Strict):
    """What is left out stays as it is."""

    url: Url | None = None
    kinds: Kinds | None = None
    about: Text | None = None
    active: bool | None = Field(default=None, description="false: tell it nothing; true: go on with what waits")


class NewSecretBody(Strict):
    secret: Secret | None = None
    overlap_s: Annotated[
        int, Field(ge=0, le=7 * 86_400, description="How long deliveries carry the signature of the one before, too")
    ] = int(OVERLAP.total_seconds())


class Which(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class SigningOut(Out):
    since: Moment
    until: Moment | None


class WebhookOut(Out):
    id: str
    url: str
    kinds: list[str]
    in_order: bool
    about: str
    state: str = Field(description="active or disabled")
    because: str = Field(description="Why it is disabled")
    failing_since: Moment | None
    secrets: list[SigningOut] = Field(description="At most two, the newest first; never the secrets themselves")
    made_by: str
    made_at: Moment | None


class WebhooksOut(Out):
    items: list[WebhookOut]
    next: str | None


class MadeWebhookOut(WebhookOut):
    secret: str | None = Field(description="Shown this once; null where it was given")
    key_name: str = Field(description="Names the secret and tells nothing of it")


class WebhookSecretOut(Out):
    secret: str | None
    key_name: str
    secrets: list[SigningOut]


class TryOut(Out):
    at: Moment
    status: int = Field(description="0 where no answer came")
    because: str
    took_ms: int


class DeliveryOut(Out):
    id: str
    webhook: str
    number: int = Field(description="Of the webhook's deliveries, from 1")
    message: str = Field(description="webhook-id: the same however often it is sent")
    event: str
    kind: str
    subject: str
    state: str = Field(description="waiting, queued behind another, delivered or failed")
    tries: int
    made_at: Moment
    due_at: Moment | None
    ended_at: Moment | None


class DeliveryWholeOut(DeliveryOut):
    answers: list[TryOut]
    data: JsonValue


class DeliveriesOut(Out):
    items: list[DeliveryOut]
    next: str | None


@ROUTER.get("/webhooks", summary="Who is told", responses={200: {"model": WebhooksOut, "description": "A page"}})
@guarded(Action.WEBHOOKS_READ, Load.CONSOLE)
def list_(service: Annotated[Service, Depends(service_of)], limit: Limit = 100, cursor: Cursor = None) -> Response:
    with service.store.reading() as books:
        found = subscriptions(books, after=from_cursor(cursor), limit=limit + 1)
    return page([shown(one) for one in found[:limit]], found[limit - 1].id if len(found) > limit else None)


@ROUTER.post(
    "/webhooks",
    summary="Be told what happens from now on",
    status_code=201,
    responses={201: {"model": MadeWebhookOut, "description": "Made; its secret is shown this once"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def make(request: Request, body: WebhookBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    now = service.clock()
    secret = body.secret or made_secret(randomness.token_bytes(_RANDOM_BYTES))
    made = Subscription(
        id=body.id,
        url=_usable(body.url, service),
        kinds=tuple(body.kinds),
        secrets=(SealedSecret(_sealed(service, body.id, secret), now),),
        in_order=body.in_order,
        about=body.about,
        made_by=caller(request).id,
        made_at=now,
    )
    with service.store.transaction() as books:
        subscribe(books, made)
    out = shown(made) | {"secret": secret if body.secret is None else None, "key_name": key_name(secret)}
    return said(out, 201, {"Location": f"/v1/webhooks/{made.id}"})


@ROUTER.get("/webhooks/{webhook}", summary="One of them", responses={200: {"model": WebhookOut, "description": "It"}})
@guarded(Action.WEBHOOKS_READ, Load.CONSOLE)
def read(request: Request, webhook: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.transaction() as books:
        return tagged(request, shown(_found(books, webhook)))


@ROUTER.patch(
    "/webhooks/{webhook}",
    summary="Change where or of what it is told; disable it, or enable it again",
    responses={200: {"model": WebhookOut, "description": "As it is now"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def change(
    request: Request,
    webhook: str,
    body: WebhookChange,
    service: Annotated[Service, Depends(service_of)],
    _match: IfMatch = None,
    _key: IdempotencyKey = None,
) -> Response:
    now = service.clock()
    url = _usable(body.url, service) if body.url is not None else None

    def work(store: Store) -> Response:
        with store.transaction() as books:
            found = _found(books, webhook)
            match(request, shown(found))
            wanted = replace(
                found,
                url=url or found.url,
                kinds=tuple(body.kinds) if body.kinds is not None else found.kinds,
                about=found.about if body.about is None else body.about,
            )
            after = change_subscription(books, wanted) if wanted != found else found
            if body.active is False and after.state == ACTIVE:
                after = disable(books, after, f"disabled by {caller(request).id}", now)
            elif body.active is True and after.state == DISABLED:
                after = enable(books, after, now)
        return said(shown(after), headers={"ETag": etag(shown(after))})

    return once(request, service, body, work)


@ROUTER.post(
    "/webhooks/{webhook}/secrets",
    summary="Give it a new secret; the one before signs too for a while",
    status_code=201,
    responses={201: {"model": WebhookSecretOut, "description": "In force; shown this once"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def rotate(webhook: str, body: NewSecretBody, service: Annotated[Service, Depends(service_of)]) -> Response:
    secret = body.secret or made_secret(randomness.token_bytes(_RANDOM_BYTES))
    overlap = timedelta(seconds=body.overlap_s)
    with service.store.transaction() as books:
        found = _found(books, webhook)
        after = found.with_secret(_sealed(service, webhook, secret), service.clock(), overlap)
        change_subscription(books, after)
    out = {
        "secret": secret if body.secret is None else None,
        "key_name": key_name(secret),
        "secrets": shown(after)["secrets"],
    }
    return said(out, 201)


@ROUTER.post(
    "/webhooks/{webhook}/tests",
    summary="Send it a fact of the kind WebhookTested",
    status_code=202,
    responses={202: {"model": WebhookOut, "description": "It is told soon, if it asked for this kind"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def test(request: Request, webhook: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    now = service.clock()
    with service.store.transaction() as books:
        found = _found(books, webhook)
        name = f"webhook:{webhook}:tested:{randomness.token_hex(8)}"
        body = {"webhook": webhook, "by": caller(request).id}
        books.publish([Event(name, "WebhookTested", f"webhook:{webhook}", now, body)])
    return said(shown(found), 202)


@ROUTER.delete("/webhooks/{webhook}", summary="Tell it nothing more", status_code=204)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def remove(webhook: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    """What waits for it is forgotten; what ended stays to be read."""
    with service.store.transaction() as books:
        _found(books, webhook)
        unsubscribe(books, webhook)
    return nothing()


@ROUTER.get(
    "/webhook-deliveries",
    summary="Deliveries that wait, or that ended",
    responses={200: {"model": DeliveriesOut, "description": "A page"}},
)
@guarded(Action.WEBHOOKS_READ, Load.CONSOLE)
def every(
    service: Annotated[Service, Depends(service_of)],
    webhook: Annotated[str, Query(max_length=100)] = "",
    which: Annotated[Which, Query()] = Which.WAITING,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    state = None if which is Which.WAITING else which.value
    past = which is not Which.WAITING
    with service.store.reading() as books:
        found = deliveries(
            books, subscription=webhook, past=past, state=state, after=from_cursor(cursor), limit=limit + 1
        )
    return page([delivery_out(one) for one in found[:limit]], found[limit - 1].id if len(found) > limit else None)


@ROUTER.get(
    "/webhook-deliveries/{delivery}",
    summary="One delivery: the fact, and what came back try by try",
    responses={200: {"model": DeliveryWholeOut, "description": "It"}},
)
@guarded(Action.WEBHOOKS_READ, Load.CONSOLE)
def one(request: Request, delivery: str, service: Annotated[Service, Depends(service_of)]) -> Response:
    with service.store.transaction() as books:
        found = delivery_named(books, delivery)
    if found is None:
        raise Problem("not_found", f"there is no delivery {delivery}")
    return tagged(
        request, delivery_out(found) | {"answers": [dict(a) for a in found.answers], "data": found.event["body"]}
    )


@ROUTER.post(
    "/webhook-deliveries/{delivery}/resend",
    summary="Send one that ended once more: the same message under the same id",
    status_code=202,
    responses={202: {"model": DeliveryOut, "description": "It is sent soon"}},
)
@guarded(Action.WEBHOOKS_MANAGE, Load.CONSOLE)
def resend(
    request: Request, delivery: str, service: Annotated[Service, Depends(service_of)], _key: IdempotencyKey = None
) -> Response:
    now = service.clock()
    try:
        return once(request, service, b"", lambda store: said(delivery_out(send_again(store, delivery, now)), 202))
    except (ConflictError, UnavailableError):
        raise
    except StoreError as none:
        raise Problem("not_found", str(none)) from None


def shown(webhook: Subscription) -> dict[str, Any]:
    """A subscription as `WebhookOut` says it."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "kinds": list(webhook.kinds),
        "in_order": webhook.in_order,
        "about": webhook.about,
        "state": webhook.state,
        "because": webhook.because,
        "failing_since": _moment(webhook.failing_since),
        "secrets": [{"since": rfc3339(s.since), "until": _moment(s.until)} for s in webhook.secrets],
        "made_by": webhook.made_by,
        "made_at": _moment(webhook.made_at),
    }


def delivery_out(delivery: Delivery) -> dict[str, Any]:
    """A delivery as `DeliveryOut` says it."""
    return {
        "id": delivery.id,
        "webhook": delivery.subscription,
        "number": delivery.number,
        "message": delivery.message,
        "event": delivery.event["id"],
        "kind": delivery.event["kind"],
        "subject": delivery.event["aggregate"],
        "state": delivery.state,
        "tries": delivery.tries,
        "made_at": rfc3339(delivery.made_at),
        "due_at": _moment(delivery.due_at),
        "ended_at": _moment(delivery.ended_at),
    }


def _found(books: Transaction, webhook: str) -> Subscription:
    try:
        return subscription_named(books, webhook)
    except UnavailableError:
        raise
    except StoreError as none:
        raise Problem("not_found", str(none)) from None


def _usable(url: str, service: Service) -> str:
    """The address. Whether it leads inside is looked at each time something is sent: a name may mean another machine by then."""
    parts = urlsplit(url)
    because = ""
    if parts.scheme != "https" and not (parts.scheme == "http" and service.configuration.egress_private):
        because = "https is needed"
    elif not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        because = "this is no address"
    elif parts.username is not None or parts.password is not None:
        because = "no user or password may stand in it: it would be shown"
    if because:
        raise Problem("invalid_request", f"/url: {because}", errors=[("/url", because)])
    return url


def _sealed(service: Service, webhook: str, secret: str) -> str:
    try:
        key(secret, {})
    except ValueError as wrong:
        raise Problem("invalid_request", f"/secret: {wrong}", errors=[("/secret", str(wrong))]) from None
    return vault_of(service).seal(secret.encode(), about(webhook))


def _moment(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
