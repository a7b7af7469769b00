"""USPS: prices with delivery commitments (Shipping Options v3), and tracking details (Tracking v3).

Sources: USPS's own OpenAPI files domestic-prices, shipping-options and tracking; the answers of all three price APIs are
read. USPS answers 60 calls an hour to each API unless it agrees to more: so prices are sampled, never asked for an order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final
from urllib.parse import quote

from evenstock.carriers._account import Account, Api, OAuth
from evenstock.carriers._reading import Place, Reply, cents, day, grams, itemised, moment, offset, whole
from evenstock.carriers._request import WireRequest, inches, pounds
from evenstock.carriers._words import meaning, status_of
from evenstock.operations.call_quota import Quota
from evenstock.operations.carrier_ports import (
    Charge,
    LiveRate,
    Message,
    ParcelToRate,
    RatesReply,
    Scan,
    TrackingReply,
)

LOGIN: Final = OAuth("/oauth2/v3/token", "json")
APIS: Final = {"": Api("https://apis.usps.com", "https://apis-tem.usps.com", LOGIN)}
QUOTA: Final = Quota(60, 3600, 10)

SERVICES: Final = {
    "usps:ground_advantage": "USPS_GROUND_ADVANTAGE",
    "usps:priority_mail": "PRIORITY_MAIL",
    "usps:priority_mail_express": "PRIORITY_MAIL_EXPRESS",
    "usps:parcel_select": "PARCEL_SELECT",
    "usps:media_mail": "MEDIA_MAIL",
    "usps:library_mail": "LIBRARY_MAIL",
    "usps:bound_printed_matter": "BOUND_PRINTED_MATTER",
    "usps:connect_local": "USPS_CONNECT_LOCAL",
}

STATUSES: Final = {
    "01": "delivered",
    "02": "delivery_failed",
    "03": "picked_up",
    "04": "delivery_failed",
    "05": "delivery_failed",
    "06": "in_transit",
    "07": "in_transit",
    "08": "delivery_delayed",
    "09": "return_to_sender",
    "10": "in_transit",
    "14": "ready_for_pickup",
    "16": "ready_for_pickup",
    "21": "return_to_sender",
    "22": "return_to_sender",
    "23": "return_to_sender",
    "24": "return_to_sender",
    "25": "return_to_sender",
    "26": "return_to_sender",
    "27": "return_to_sender",
    "28": "return_to_sender",
    "29": "return_to_sender",
    "52": "delivery_failed",
    "53": "delivery_failed",
    "54": "delivery_failed",
    "55": "delivery_failed",
    "56": "delivery_failed",
    "GX": "pending",
    "MA": "pending",
    "OA": "picked_up",
    "OF": "out_for_delivery",
}
"""By USPS's event code; every other is read from its words (Publication 199 lists some two hundred)."""


def rate_request(parcel: ParcelToRate, account: Account) -> WireRequest | Message:
    """All outbound classes of one parcel, with the day each commits to; contract prices where there is an account."""
    if not parcel.measured:
        return Message("error", "sides", "USPS prices only a parcel whose three sides are known", parcel.parcel)
    abroad = next((a.country for a in (parcel.origin, parcel.destination) if a.country != "US"), "")
    if abroad:
        return Message("error", "abroad", f"only parcels within the US are asked about, not {abroad}", parcel.parcel)
    pricing: dict[str, object] = {"priceType": "COMMERCIAL"}
    if account.number:
        pricing = {
            "priceType": "CONTRACT",
            "paymentAccount": {"accountType": "EPS", "accountNumber": account.number},
        }
    height, width, length = sorted((parcel.length_mm, parcel.width_mm, parcel.height_mm))
    body = {
        "pricingOptions": [pricing],
        "originZIPCode": parcel.origin.postal_code,
        "destinationZIPCode": parcel.destination.postal_code,
        "packageDescription": {
            # Ground Advantage has breaks of ounces below a pound: four decimals keep them.
            "weight": float(pounds(parcel.weight_g, "0.0001")),
            "length": inches(length),
            "width": inches(width),
            "height": inches(height),
            "mailClass": "ALL_OUTBOUND",
            "mailingDate": f"{parcel.ship_on:%Y-%m-%d}",
        },
    }
    return WireRequest("POST", "/shipments/v3/options/search", {}, {}, body)


def rates(body: object) -> RatesReply:
    """Every price option of a reply, of whichever price API: options, total rates or base rates."""
    reply = Reply(body)
    root = reply.root
    messages = list(_errors(root))
    found: list[LiveRate] = []
    for option, kind, outer_class in _options(root):
        rate = _rate(option, kind, outer_class, messages)
        if rate is None:
            messages.append(Message("error", outer_class, "a price option without a price", outer_class))
        else:
            found.append(rate)
    # One class comes at several prices: the parcel handed over singly at any office stands before drop-ship and cubic.
    found.sort(key=_unusual)
    return RatesReply(tuple(found), tuple(messages), reply.unread())


def tracking_requests(numbers: Sequence[str], account: Account) -> tuple[WireRequest, ...]:
    """One question for each number, with every event."""
    del account
    return tuple(
        WireRequest("GET", f"/tracking/v3/tracking/{quote(number, safe='')}", {"expand": "DETAIL"})
        for number in numbers
    )


def tracking(body: object, *, zone: tzinfo = UTC) -> TrackingReply:
    """Every event of the details; a summary, which holds only sentences, comes back as notes."""
    reply = Reply(body)
    scans: list[Scan] = []
    messages = list(_errors(reply.root))
    for piece in reply.root.each():
        number = piece["trackingNumber"].text()
        for event in piece["trackingEvents"].each():
            scan = _scan(event, number, zone)
            if isinstance(scan, Scan):
                scans.append(scan)
            else:
                messages.append(scan)
        messages += [
            Message("note", "summary", line.text(), number) for line in piece["eventSummaries"].each() if line.text()
        ]
        if number and piece["statusSummary"].text():
            messages.append(Message("note", piece["statusCategory"].text(), piece["statusSummary"].text(), number))
    return TrackingReply(tuple(scans), tuple(messages), reply.unread())


def _errors(root: Place) -> Iterator[Message]:
    error = root["error"]
    told = list(error["errors"].each())
    for place in told:
        words = " ".join(filter(None, (place["title"].text(), place["detail"].text())))
        yield Message(
            "error", place["code"].text() or place["status"].text(), words, place["source"]["parameter"].text()
        )
    if error and (not told or error["message"].text()):
        yield Message("error", error["code"].text(), error["message"].text() or error.text())


def _options(root: Place) -> Iterator[tuple[Place, str, str]]:
    """Each price option with its kind of price and mail class, where they stand above it."""
    for pricing in root["pricingOptions"].each():
        kind = pricing["priceType"].text()
        for shipping in pricing["shippingOptions"].each():
            mail_class = shipping["mailClass"].text()
            for option in shipping["rateOptions"].each():
                yield option, kind, mail_class
    for option in root["rateOptions"].each():
        yield option, "", ""
    if root["rates"]:
        yield root, "", ""


def _rate(option: Place, kind: str, mail_class: str, messages: list[Message]) -> LiveRate | None:
    """The rate of an option: the prices it is made of, their fees, and its total."""
    parts = list(option["rates"].each())
    if not parts:
        return None
    first = parts[0]
    charges: list[Charge] = []
    for part in parts:
        charges.append(Charge("base", cents(part["price"]) or 0, part["SKU"].text(), part["description"].text()))
        for fee in part["fees"].each():
            name = fee["name"].text()
            charges.append(Charge(_fee(name), cents(fee["price"]) or 0, fee["SKU"].text(), name))
    total = next(
        (t for t in (cents(option["totalPrice"]), cents(option["totalBasePrice"])) if t is not None),
        sum(charge.cents for charge in charges),
    )
    if total <= 0:
        return None
    their_class = first["mailClass"].text() or mail_class
    service = _service(their_class)
    warned = [(service, part) for part in parts]
    warned += [(f"{service} {extra['name'].text()}", extra) for extra in option["extraServices"].each()]
    messages += [
        Message("note", warning["warningCode"].text(), warning["warningDescription"].text(), about)
        for about, place in warned
        for warning in place["warnings"].each()
    ]
    priced = first["priceType"].text() or kind
    commitment = option["commitment"]
    words = commitment["name"].text().split()
    details = (first[key].text() for key in ("rateIndicator", "processingCategory", "destinationEntryFacilityType"))
    weight = max((grams(first[key], "LB") or 0 for key in ("weight", "dimWeight", "dimensionalWeight")), default=0)
    return LiveRate(
        service,
        "negotiated" if priced in {"CONTRACT", "NSA"} else "list",
        "USD",
        itemised(charges, total),
        " ".join(filter(None, (their_class, *details))),
        int(words[0]) if words and words[0].isascii() and words[0].isdigit() and len(words[0]) < 3 else None,
        day(commitment["expectedDeliveryDate"].text()) or day(commitment["scheduleDeliveryDate"].text()),
        whole(first["zone"]),
        weight or None,
    )


def _unusual(rate: LiveRate) -> int:
    """How far a price is from a single piece handed over at any office: 0, 1 or 2.

    Examples
    --------
    >>> [_unusual(LiveRate("usps:x", "list", "USD", (), code)) for code in ("X SP MACHINABLE NONE", "X CP", "X DE DESTINATION_HUB")]
    [0, 1, 2]
    """
    return int(" SP" not in rate.code) + int("DESTINATION" in rate.code)


def _service(mail_class: str) -> str:
    named = {theirs: ours for ours, theirs in SERVICES.items()}
    return named.get(mail_class) or f"usps:{mail_class.lower().removeprefix('usps_').replace('-', '_') or 'none'}"


def _fee(name: str) -> str:
    """Our name of a fee that USPS names in words, such as Nonstandard Length > 22."""
    lower = name.lower()
    known = (
        ("nonstandard length", "nonstandard_length"),
        ("nonstandard volume", "nonstandard_volume"),
        ("hazmat", "hazmat"),
    )
    return next((ours for theirs, ours in known if theirs in lower), "_".join(lower.split()) or "fee")


def _scan(event: Place, number: str, zone: tzinfo) -> Scan | Message:
    code, words = event["eventCode"].text(), event["eventType"].text()
    when = _moment(event, zone)
    if when is None:
        return Message("warning", code, f"a scan without a moment that can be read: {words}", number)
    meant = status_of(STATUSES, code, words=words)
    # A code of delivery that speaks of damage or loss means what it speaks of.
    meant = said if (said := meaning(words)) in {"damaged", "lost"} else meant
    where = (event[part].text() for part in ("eventCity", "eventState", "eventZIP", "eventCountry"))
    said_code = " ".join(filter(None, (code, event["actionCode"].text(), event["reasonCode"].text())))
    return Scan(number, when[0], meant, said_code, words, ", ".join(filter(None, where)), when[1])


def _moment(event: Place, zone: tzinfo) -> tuple[datetime, bool] | None:
    """GMTTimestamp where it stands; else the event's own time, which is local though it may end in Z, less its offset."""
    gmt = moment(event["GMTTimestamp"].text(), UTC)
    said, away = event["eventTimestamp"].text(), offset(event["GMTOffset"].text())
    if gmt is not None:
        return gmt[0], True
    if away is None:
        return moment(said, zone)
    local = moment(said.removesuffix("Z"), UTC)
    try:
        return None if local is None else (local[0] - away, True)
    except OverflowError:
        return None
