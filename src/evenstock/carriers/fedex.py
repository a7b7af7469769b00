"""FedEx: rates and transit times (Rate API v1), and tracking by number (Track API v1).

Sources: FedEx's own OpenAPI files of both; amounts come as plain numbers or as an amount with its currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Final

from evenstock.carriers._account import Account, Api, OAuth
from evenstock.carriers._reading import Place, Reply, cents, day, grams, itemised, moment, whole
from evenstock.carriers._request import WireRequest, inches, pounds
from evenstock.carriers._words import status_of
from evenstock.operations.call_quota import Quota
from evenstock.operations.carrier_ports import (
    Address,
    Basis,
    Charge,
    LiveRate,
    Message,
    ParcelToRate,
    RatesReply,
    Scan,
    TrackingReply,
)

LOGIN: Final = OAuth("/oauth/token", "form")
APIS: Final = {"": Api("https://apis.fedex.com", "https://apis-sandbox.fedex.com", LOGIN)}
QUOTA: Final = Quota(1_000, 3600, 50)
"""Far below the project limits FedEx states by contract."""
NUMBERS_A_CALL: Final = 30

SERVICES: Final = {
    "fedex:ground": "FEDEX_GROUND",
    "fedex:home_delivery": "GROUND_HOME_DELIVERY",
    "fedex:ground_economy": "SMART_POST",
    "fedex:express_saver": "FEDEX_EXPRESS_SAVER",
    "fedex:2_day": "FEDEX_2_DAY",
    "fedex:2_day_am": "FEDEX_2_DAY_AM",
    "fedex:standard_overnight": "STANDARD_OVERNIGHT",
    "fedex:priority_overnight": "PRIORITY_OVERNIGHT",
    "fedex:first_overnight": "FIRST_OVERNIGHT",
    "fedex:international_economy": "INTERNATIONAL_ECONOMY",
    "fedex:international_priority": "FEDEX_INTERNATIONAL_PRIORITY",
    "fedex:international_first": "INTERNATIONAL_FIRST",
}

CHARGES: Final = {
    "FUEL": "fuel",
    "RESIDENTIAL_DELIVERY": "residential",
    "DELIVERY_AREA": "delivery_area",
    "OUT_OF_DELIVERY_AREA": "delivery_area",
    "DANGEROUS_GOODS": "hazmat",
    "DEMAND": "peak",
    "DEMAND_RESIDENTIAL_DELIVERY": "peak_residential",
    "DEMAND_ADDITIONAL_HANDLING": "peak_additional_handling",
    "DEMAND_OVERSIZE": "peak_oversize",
    "INSURED_VALUE": "declared_value",
}
"""By FedEx's surcharge type; every other keeps its type in lower case, such as additional_handling or oversize."""

STATUSES: Final = {
    "OC": "pending",
    "IN": "pending",
    "EP": "pending",
    "PU": "picked_up",
    "PX": "picked_up",
    "DO": "picked_up",
    "OF": "in_transit",
    "IT": "in_transit",
    "IX": "in_transit",
    "AA": "in_transit",
    "AF": "in_transit",
    "AR": "in_transit",
    "AX": "in_transit",
    "CC": "in_transit",
    "DP": "in_transit",
    "DR": "in_transit",
    "EA": "in_transit",
    "FD": "in_transit",
    "LO": "in_transit",
    "PF": "in_transit",
    "PL": "in_transit",
    "SF": "in_transit",
    "TR": "in_transit",
    "AD": "out_for_delivery",
    "ED": "out_for_delivery",
    "OD": "out_for_delivery",
    "DL": "delivered",
    "DE": "delivery_failed",
    "CA": "cancelled",
    "HL": "ready_for_pickup",
    "HP": "ready_for_pickup",
    "RS": "return_to_sender",
    "RT": "return_to_sender",
    "DD": "delivery_delayed",
    "DY": "delivery_delayed",
    "PD": "delivery_delayed",
    "CD": "on_hold",
    "SE": "on_hold",
    "HA": "on_hold",
}
LOOSE: Final = frozenset({"on_hold", "delivery_failed"})

DAYS: Final = {
    name: days
    for days, name in enumerate(
        (
            "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "TEN", "ELEVEN", "TWELVE", "THIRTEEN",
            "FOURTEEN", "FIFTEEN", "SIXTEEN", "SEVENTEEN", "EIGHTEEN", "NINETEEN", "TWENTY",
        ),
        start=1,
    )
}  # fmt: skip


def rate_request(parcel: ParcelToRate, account: Account) -> WireRequest | Message:
    """All services of one parcel, account and list rates, with transit times."""
    if not account.number:
        return Message("error", "account", "FedEx rates only for an account: set its number", parcel.parcel)
    item: dict[str, object] = {
        "groupPackageCount": 1,
        "weight": {"units": "LB", "value": float(pounds(parcel.weight_g))},
    }
    if parcel.measured:
        sides = sorted((parcel.length_mm, parcel.width_mm, parcel.height_mm), reverse=True)
        named = zip(("length", "width", "height"), sides, strict=True)
        item["dimensions"] = {name: inches(side) for name, side in named} | {"units": "IN"}
    body = {
        "accountNumber": {"value": account.number},
        "rateRequestControlParameters": {"returnTransitTimes": True, "servicesNeededOnRateFailure": True},
        "requestedShipment": {
            "shipper": {"address": _address(parcel.origin)},
            "recipient": {"address": _address(parcel.destination)},
            "rateRequestType": ["ACCOUNT", "LIST"],
            "shipDateStamp": f"{parcel.ship_on:%Y-%m-%d}",
            "pickupType": "USE_SCHEDULED_PICKUP",
            "packagingType": "YOUR_PACKAGING",
            "totalPackageCount": 1,
            "requestedPackageLineItems": [item],
        },
    }
    return WireRequest("POST", "/rate/v1/rates/quotes", {}, _headers(), body)


def rates(body: object) -> RatesReply:
    """Every rated service of a reply, by account and by list."""
    reply = Reply(body)
    output = reply.root["output"]
    found: list[LiveRate] = []
    messages = [*_errors(reply.root), *_alerts(output)]
    for detail in output["rateReplyDetails"].each():
        code = detail["serviceType"].text()
        service = _service(code)
        messages += [
            Message("note", place["code"].text(), place["message"].text(), service)
            for place in detail["customerMessages"].each()
        ]
        for rated in detail["ratedShipmentDetails"].each():
            rate = _rate(detail, rated, service, code)
            if rate is None:
                kind = rated["rateType"].text()
                messages.append(
                    Message("error", code, f"{kind} rate without a total that a parcel could cost", service)
                )
            else:
                found.append(rate)
    return RatesReply(tuple(found), tuple(messages), reply.unread())


def tracking_requests(numbers: Sequence[str], account: Account) -> tuple[WireRequest, ...]:
    """Thirty numbers a question, as many as FedEx takes."""
    del account
    asked = [numbers[k : k + NUMBERS_A_CALL] for k in range(0, len(numbers), NUMBERS_A_CALL)]
    return tuple(
        WireRequest(
            "POST",
            "/track/v1/trackingnumbers",
            {},
            _headers(),
            {
                "includeDetailedScans": True,
                "trackingInfo": [{"trackingNumberInfo": {"trackingNumber": number}} for number in some],
            },
        )
        for some in asked
    )


def tracking(body: object, *, zone: tzinfo = UTC) -> TrackingReply:
    """Every scan event; a number FedEx does not know comes back as a message about it."""
    reply = Reply(body)
    output = reply.root["output"]
    scans: list[Scan] = []
    messages = [*_errors(reply.root), *_alerts(output)]
    for complete in output["completeTrackResults"].each():
        asked = complete["trackingNumber"].text()
        for result in complete["trackResults"].each():
            number = asked or result["trackingNumberInfo"]["trackingNumber"].text()
            if result["error"]:
                messages.append(
                    Message("error", result["error"]["code"].text(), result["error"]["message"].text(), number)
                )
            messages += [
                Message("note", place["code"].text(), place["description"].text(), number)
                for place in result["informationNotes"].each()
            ]
            for event in result["scanEvents"].each():
                scan = _scan(event, number, zone)
                (scans if isinstance(scan, Scan) else messages).append(scan)  # type: ignore[arg-type]
    return TrackingReply(tuple(scans), tuple(messages), reply.unread())


def _address(address: Address) -> dict[str, object]:
    said: dict[str, object] = {
        "postalCode": address.postal_code,
        "countryCode": address.country,
        "residential": address.residential,
    }
    if address.city:
        said["city"] = address.city
    if address.state:
        said["stateOrProvinceCode"] = address.state
    return said


def _headers() -> dict[str, str]:
    return {"x-locale": "en_US"}


def _service(code: str) -> str:
    named = {theirs: ours for ours, theirs in SERVICES.items()}
    return named.get(code) or f"fedex:{code.lower().removeprefix('fedex_') or 'none'}"


def _errors(root: Place) -> Iterator[Message]:
    for place in root["errors"].each():
        yield Message("error", place["code"].text(), place["message"].text())


def _alerts(output: Place) -> Iterator[Message]:
    if output["alerts"].text():
        yield Message("warning", "alert", output["alerts"].text())
        return
    for place in output["alerts"].each():
        level = place["alertType"].text().upper()
        yield Message("note" if level == "NOTE" else "warning", place["code"].text(), place["message"].text())


def _money(place: Place) -> int | None:
    """An amount, plain or beside its currency."""
    plain = cents(place)
    return cents(place["amount"]) if plain is None else plain


def _surcharges(place: Place, key: str) -> list[Charge]:
    found = []
    for item in place[key].each():
        code = item["type"].text() or item["surchargeType"].text() or item["taxType"].text()
        words = item["description"].text() or item["name"].text()
        name = "tax" if key == "taxes" else CHARGES.get(code, code.lower() or "surcharge")
        found.append(Charge(name, _money(item["amount"]) or 0, code, words))
    return found


def _rate(detail: Place, rated: Place, service: str, code: str) -> LiveRate | None:
    """One service by one kind of rate; net charges, before duties and taxes of customs."""
    total = _money(rated["totalNetCharge"])
    if total is None:
        total = _money(rated["totalNetFedExCharge"])
    if total is None or total <= 0:
        return None
    shipment = rated["shipmentRateDetail"]
    packages = [place["packageRateDetail"] for place in rated["ratedPackages"].each()]
    base = _money(rated["totalBaseCharge"])
    charges = [] if base is None else [Charge("base", base)]
    off = _money(shipment["totalFreightDiscount"])
    charges += [Charge("discount", -off)] if off else []
    # The shipment's list holds the packages' surcharges too: packages are read only where it is silent.
    named = _surcharges(shipment, "surCharges") or [c for p in packages for c in _surcharges(p, "surcharges")]
    charges += named + _surcharges(shipment, "taxes")
    currency = rated["currency"].text() or shipment["currency"].text()
    weight = shipment["totalBillingWeight"]
    commit, operation = detail["commit"], detail["operationalDetail"]
    said = (
        operation["transitTime"].text(),
        commit["daysInTransit"].text(),
        commit["transitDays"]["minimumTransitTime"].text(),
    )
    arrival = commit["dateDetail"]["dayFormat"].text() or operation["deliveryDate"].text()
    kind = rated["rateType"].text().upper()
    basis: Basis = "list" if "LIST" in kind else "negotiated"
    return LiveRate(
        service,
        basis,
        currency or "USD",
        itemised(charges, total),
        code,
        next((days for words in said if (days := DAYS.get(words.split("_")[0])) is not None), None),
        day(arrival) or day(operation["commitDate"].text()),
        whole(shipment["rateZone"]),
        grams(weight["value"], weight["units"].text()),
    )


def _scan(event: Place, number: str, zone: tzinfo) -> Scan | Message:
    kind, derived = event["eventType"].text(), event["derivedStatusCode"].text()
    why = event["exceptionDescription"].text()
    words = " - ".join(dict.fromkeys(filter(None, (event["eventDescription"].text(), why))))
    when = moment(event["date"].text(), zone)
    if when is None:
        return Message("warning", kind, f"a scan without a moment that can be read: {words}", number)
    address = event["scanLocation"]
    where = (address[part].text() for part in ("city", "stateOrProvinceCode", "postalCode", "countryCode"))
    meant = status_of(STATUSES, kind, derived, words=why or words, loose=LOOSE)
    code = " ".join(filter(None, (kind, event["exceptionCode"].text())))
    return Scan(number, when[0], meant, code, words, ", ".join(filter(None, where)), when[1])
