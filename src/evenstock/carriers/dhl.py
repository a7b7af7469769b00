"""DHL: Express rates (MyDHL API, one-piece rates), and tracking of all its divisions (Shipment Tracking Unified).

Written from DHL's public documentation of both; unlike UPS, FedEx and USPS no official contract is among those that the
conformance suite reads, so nothing here is proved against one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo
from decimal import ROUND_CEILING, Decimal
from typing import Final

from evenstock.carriers._account import Account, Api, ApiKey, Basic
from evenstock.carriers._reading import Place, Reply, cents, day, grams, itemised, moment, whole
from evenstock.carriers._request import WireRequest
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

EXPRESS: Final = "https://express.api.dhl.com/mydhlapi"
APIS: Final = {
    "": Api(EXPRESS, f"{EXPRESS}/test", Basic()),
    "tracking": Api("https://api-eu.dhl.com", "https://api-test.dhl.com", ApiKey("DHL-API-Key")),
}
QUOTA: Final = Quota(250, 86_400, 10)
"""What DHL's developer portal gives a new key: 250 calls a day."""

SERVICES: Final = {
    "dhl:express_domestic": "N",
    "dhl:express_worldwide": "P",
    "dhl:express_worldwide_doc": "D",
    "dhl:express_12": "Y",
    "dhl:economy_select": "H",
}

CHARGES: Final = {
    "FF": "fuel",
    "TK": "residential",
    "OO": "delivery_area",
    "YB": "oversize",
    "YY": "overweight",
    "HE": "hazmat",
}
"""By DHL's charge code; every other keeps its name in lower case."""

STATUSES: Final = {
    "pre-transit": "pending",
    "transit": "in_transit",
    "delivered": "delivered",
    "failure": "delivery_failed",
    "unknown": "unknown",
}
LOOSE: Final = frozenset({"in_transit", "delivery_failed", "unknown"})


def rate_request(parcel: ParcelToRate, account: Account) -> WireRequest | Message:
    """All products for one piece; DHL asks for both cities and all sides."""
    lacking = [
        name
        for name, there in (
            ("the account's number", account.number),
            ("the origin's city", parcel.origin.city),
            ("the destination's city", parcel.destination.city),
            ("all three sides", parcel.measured),
        )
        if not there
    ]
    if lacking:
        return Message("error", "lacking", f"DHL needs {', '.join(lacking)}", parcel.parcel)
    sides = sorted((parcel.length_mm, parcel.width_mm, parcel.height_mm), reverse=True)
    abroad = parcel.origin.country != parcel.destination.country
    query = {
        "accountNumber": account.number,
        "originCountryCode": parcel.origin.country,
        "originPostalCode": parcel.origin.postal_code,
        "originCityName": parcel.origin.city,
        "destinationCountryCode": parcel.destination.country,
        "destinationPostalCode": parcel.destination.postal_code,
        "destinationCityName": parcel.destination.city,
        "weight": str((Decimal(parcel.weight_g) / 1000).quantize(Decimal("0.001"))),
        "plannedShippingDate": f"{parcel.ship_on:%Y-%m-%d}",
        "isCustomsDeclarable": "true" if abroad else "false",
        "unitOfMeasurement": "metric",
    } | {
        name: str((Decimal(side) / 10).to_integral_value(ROUND_CEILING))
        for name, side in zip(("length", "width", "height"), sides, strict=True)
    }
    return WireRequest("GET", "/rates", query)


def rates(body: object) -> RatesReply:
    """Every product, in the currency it is billed in."""
    reply = Reply(body)
    found, messages = [], list(_errors(reply.root))
    messages += [Message("warning", "warning", w.text()) for w in reply.root["warnings"].each() if w.text()]
    for product in reply.root["products"].each():
        code = product["productCode"].text()
        service = _service(code, product["productName"].text())
        rate = _rate(product, service, code)
        if rate is None:
            messages.append(Message("error", code, "a product without a price", service))
        else:
            found.append(rate)
    return RatesReply(tuple(found), tuple(messages), reply.unread())


def tracking_requests(numbers: Sequence[str], account: Account) -> tuple[WireRequest, ...]:
    """One question for each number: the free key takes no more at once."""
    del account
    return tuple(
        WireRequest("GET", "/track/shipments", {"trackingNumber": number}, api="tracking") for number in numbers
    )


def tracking(body: object, *, zone: tzinfo = UTC) -> TrackingReply:
    """Every event of every shipment; DHL often gives local times without their offset."""
    reply = Reply(body)
    scans: list[Scan] = []
    messages = list(_errors(reply.root))
    for shipment in reply.root["shipments"].each():
        number = shipment["id"].text()
        for event in shipment["events"].each():
            code, words = event["statusCode"].text(), event["description"].text() or event["status"].text()
            when = moment(event["timestamp"].text(), zone)
            if when is None:
                said = f"a scan without a moment that can be read: {words}"
                messages.append(Message("warning", code, said, number))
                continue
            address = event["location"]["address"]
            where = (address[part].text() for part in ("addressLocality", "postalCode", "countryCode"))
            meant = status_of(STATUSES, code.lower(), words=words, loose=LOOSE)
            meant = said if (said := meaning(words)) in {"damaged", "lost"} else meant
            scans.append(Scan(number, when[0], meant, code, words, ", ".join(filter(None, where)), when[1]))
    return TrackingReply(tuple(scans), tuple(messages), reply.unread())


def _errors(root: Place) -> Iterator[Message]:
    """RFC 7807 problems, as both APIs write them."""
    if root["detail"] or root["title"]:
        words = " ".join(filter(None, (root["title"].text(), root["detail"].text())))
        yield Message("error", root["status"].text(), words)
    for more in root["additionalDetails"].each():
        yield Message("error", root["status"].text(), more.text())


def _billed(place: Place) -> Place:
    """Of prices in several currencies the one that is billed (BILLC), else the first."""
    each = list(place.each())
    return next((p for p in each if p["currencyType"].text() == "BILLC"), each[0] if each else place["none"])


def _rate(product: Place, service: str, code: str) -> LiveRate | None:
    total = _billed(product["totalPrice"])
    amount = cents(total["price"])
    if amount is None or amount <= 0:
        return None
    charges = []
    for item in _billed(product["detailedPriceBreakdown"])["breakdown"].each():
        their, name = item["serviceCode"].text() or item["typeCode"].text(), item["name"].text()
        # The product itself stands in the list as the one line without a service code.
        ours = CHARGES.get(their) or ("_".join(name.lower().split()) if item["serviceCode"] else "base")
        charges.append(Charge(ours or "surcharge", cents(item["price"]) or 0, their, name))
    abilities, weight = product["deliveryCapabilities"], product["weight"]
    heaviest = max((grams(weight[key], "KG") or 0 for key in ("provided", "volumetric")), default=0)
    return LiveRate(
        service,
        "negotiated" if product["isCustomerAgreement"].flag() else "list",
        total["priceCurrency"].text() or "USD",
        itemised(charges, amount),
        code,
        whole(abilities["totalTransitDays"]),
        day(abilities["estimatedDeliveryDateAndTime"].text()),
        billed_g=heaviest or None,
    )


def _service(code: str, name: str) -> str:
    named = {theirs: ours for ours, theirs in SERVICES.items()}
    return named.get(code) or f"dhl:{'_'.join(name.lower().split()) or code.lower() or 'none'}"
