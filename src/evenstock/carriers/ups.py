"""UPS: rates with time in transit (Rating v2409, Shop), and tracking details (Track v1).

Sources: UPS's own OpenAPI files Rating.yaml, Tracking.yaml and OAuthClientCredentials.yaml (UPS-API/api-documentation).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final
from urllib.parse import quote

from evenstock.carriers._account import Account, Api, OAuth
from evenstock.carriers._reading import Place, Reply, cents, clock, day, grams, itemised, moment, offset, whole
from evenstock.carriers._request import WireRequest, fingerprint, inches, pounds
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

LOGIN: Final = OAuth("/security/v1/oauth/token", "basic")
APIS: Final = {"": Api("https://onlinetools.ups.com", "https://wwwcie.ups.com", LOGIN)}
QUOTA: Final = Quota(250, 3600, 25)
"""UPS states no figure: one it is not known to refuse, to be set by contract."""

SERVICES: Final = {
    "ups:next_day_air": "01",
    "ups:2nd_day_air": "02",
    "ups:ground": "03",
    "ups:worldwide_express": "07",
    "ups:worldwide_expedited": "08",
    "ups:standard": "11",
    "ups:3_day_select": "12",
    "ups:next_day_air_saver": "13",
    "ups:next_day_air_early": "14",
    "ups:worldwide_express_plus": "54",
    "ups:2nd_day_air_am": "59",
    "ups:saver": "65",
    "ups:heavy_goods": "75",
}
"""Our names by UPS's codes; Ground Saver and Mail Innovations have codes by contract and come back as ups:code_93."""

CHARGES: Final = {
    "100": "additional_handling",
    "120": "delivery_confirmation",
    "190": "extended_area",
    "199": "hazmat",
    "200": "dry_ice",
    "270": "residential",
    "300": "saturday_delivery",
    "375": "fuel",
    "376": "delivery_area",
    "377": "large_package",
    "400": "declared_value",
    "401": "additional_handling",
    "430": "peak",
    "431": "peak_large_package",
    "432": "peak_additional_handling",
    "440": "large_package",
}

STATUSES: Final = {
    "D": "delivered",
    "O": "out_for_delivery",
    "I": "in_transit",
    "P": "picked_up",
    "M": "pending",
    "MV": "cancelled",
    "X": "on_hold",
    "RS": "return_to_sender",
    "DO": "in_transit",
    "DD": "in_transit",
    "W": "in_transit",
    "NA": "unknown",
}
"""By UPS's status type; what type X and I say besides is read from their words."""
LOOSE: Final = frozenset({"on_hold", "in_transit"})


def rate_request(parcel: ParcelToRate, account: Account) -> WireRequest | Message:
    """All services of one parcel at once (request option Shop), list and negotiated, with transit times.

    Shop, because the contract wants three characters of a single service's code where UPS's own codes have two.
    """
    shipper: dict[str, object] = {"Address": _address(parcel.origin)}
    if account.number:
        shipper["ShipperNumber"] = account.number
    package: dict[str, object] = {
        "PackagingType": {"Code": "02", "Description": "Package"},
        "PackageWeight": {
            "UnitOfMeasurement": {"Code": "LBS", "Description": "Pounds"},
            "Weight": str(pounds(parcel.weight_g)),
        },
    }
    if parcel.measured:
        sides = sorted((parcel.length_mm, parcel.width_mm, parcel.height_mm), reverse=True)
        named = zip(("Length", "Width", "Height"), sides, strict=True)
        package["Dimensions"] = {"UnitOfMeasurement": {"Code": "IN", "Description": "Inches"}} | {
            name: str(inches(side)) for name, side in named
        }
    home = {"ResidentialAddressIndicator": "Y"} if parcel.destination.residential else {}
    shipment: dict[str, object] = {
        "Shipper": shipper,
        "ShipTo": {"Address": _address(parcel.destination) | home},
        "ShipFrom": {"Address": _address(parcel.origin)},
        "NumOfPieces": "1",
        "Package": [package],
        "ShipmentRatingOptions": {"NegotiatedRatesIndicator": "Y"},
        "DeliveryTimeInformation": {"PackageBillType": "03", "Pickup": {"Date": f"{parcel.ship_on:%Y%m%d}"}},
    }
    if account.number:
        shipment["PaymentDetails"] = {
            "ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": account.number}}]
        }
    body = {
        "RateRequest": {
            "Request": {
                "RequestOption": "Shop",
                "SubVersion": "2409",
                "TransactionReference": {"CustomerContext": parcel.parcel[:512]},
            },
            "PickupType": {"Code": "01"},
            "Shipment": shipment,
        }
    }
    return WireRequest(
        "POST", "/api/rating/v2409/Shop", {"additionalinfo": "timeintransit"}, _headers("rate", parcel.parcel), body
    )


def rates(body: object) -> RatesReply:
    """Every rated service of a reply: list, and negotiated where the account has it."""
    reply = Reply(body)
    answer = reply.root["RateResponse"]
    found, messages = [], [*_errors(reply.root), *_alerts(answer["Response"])]
    for shipment in answer["RatedShipment"].each():
        code = shipment["Service"]["Code"].text()
        service = _service(code)
        messages += [
            Message("note", place["Code"].text(), place["Description"].text(), service)
            for kind in ("RatedShipmentAlert", "Disclaimer")
            for place in shipment[kind].each()
        ]
        both = [_list(shipment, service, code), _negotiated(shipment, service, code)]
        found += [rate for rate in both if rate is not None]
        if both[0] is None:
            messages.append(Message("error", code, "a rated service without a total that a parcel could cost", service))
    return RatesReply(tuple(found), tuple(messages), reply.unread())


def tracking_requests(numbers: Sequence[str], account: Account) -> tuple[WireRequest, ...]:
    """One question for each number: UPS answers no more at once."""
    del account
    query = {"locale": "en_US", "returnSignature": "false", "returnMilestones": "false"}
    return tuple(
        WireRequest("GET", f"/api/track/v1/details/{quote(number, safe='')}", query, _headers("track", number))
        for number in numbers
    )


def tracking(body: object, *, zone: tzinfo = UTC) -> TrackingReply:
    """Every activity of every package; moments by UPS's GMT fields, else local time with its offset."""
    reply = Reply(body)
    scans, messages = [], _errors(reply.root)
    for shipment in reply.root["trackResponse"]["shipment"].each():
        asked = shipment["inquiryNumber"].text()
        messages += [
            Message("warning", place["code"].text(), place["message"].text(), asked)
            for place in shipment["warnings"].each()
        ]
        for package in shipment["package"].each():
            number = package["trackingNumber"].text() or asked
            for activity in package["activity"].each():
                scan = _scan(activity, number, zone)
                if isinstance(scan, Scan):
                    scans.append(scan)
                else:
                    messages.append(scan)
    return TrackingReply(tuple(scans), tuple(messages), reply.unread())


def _address(address: Address) -> dict[str, object]:
    """UPS's address; the contract asks for street lines, of which rating needs none."""
    said: dict[str, object] = {
        "AddressLine": [line[:35] for line in address.street[:3]],
        "PostalCode": address.postal_code.replace("-", "").replace(" ", "")[:9],
        "CountryCode": address.country,
    }
    if address.city:
        said["City"] = address.city[:30]
    if len(address.state) == 2:
        said["StateProvinceCode"] = address.state
    return said


def _headers(kind: str, about: str) -> dict[str, str]:
    return {"transId": fingerprint("ups", kind, about), "transactionSrc": "evenstock"}


def _service(code: str) -> str:
    named = {theirs: ours for ours, theirs in SERVICES.items()}
    return named.get(code) or named.get(code.zfill(2)) or f"ups:code_{code or 'none'}"


def _errors(root: Place) -> list[Message]:
    return [
        Message("error", place["code"].text(), place["message"].text()) for place in root["response"]["errors"].each()
    ]


def _alerts(response: Place) -> Iterator[Message]:
    for kind in ("Alert", "AlertDetail"):
        for place in response[kind].each():
            yield Message("warning", place["Code"].text(), place["Description"].text())


def _items(place: Place) -> list[Charge]:
    """Itemised charges and taxes at one place of a reply."""
    found = []
    for item in place["ItemizedCharges"].each():
        code, amount = item["Code"].text(), cents(item["MonetaryValue"])
        words = " ".join(filter(None, (item["Description"].text(), item["SubType"].text())))
        found.append(Charge(CHARGES.get(code, f"ups_{code or 'charge'}"), amount or 0, code, words))
    found += [Charge("tax", cents(tax["MonetaryValue"]) or 0, tax["Type"].text()) for tax in place["TaxCharges"].each()]
    for modifier in place["RateModifier"].each():
        words = modifier["ModifierDesc"].text()
        found.append(Charge("discount", cents(modifier["Amount"]) or 0, modifier["ModifierType"].text(), words))
    return found


def _money(*places: Place) -> tuple[int, str] | None:
    """The first place that holds an amount, with its currency."""
    for place in places:
        amount = cents(place["MonetaryValue"])
        if amount is not None:
            return amount, place["CurrencyCode"].text()
    return None


def _list(shipment: Place, service: str, code: str) -> LiveRate | None:
    total = _money(shipment["TotalChargesWithTaxes"], shipment["TotalCharges"])
    if total is None or total[0] <= 0:
        return None
    base = _money(shipment["BaseServiceCharge"], *(p["BaseServiceCharge"] for p in shipment["RatedPackage"].each()))
    charges = [Charge("base", base[0])] if base else []
    charges += _items(shipment)
    for package in shipment["RatedPackage"].each():
        charges += _items(package)
    return _rate(shipment, service, code, "list", total, charges)


def _negotiated(shipment: Place, service: str, code: str) -> LiveRate | None:
    place = shipment["NegotiatedRateCharges"]
    total = _money(place["TotalChargesWithTaxes"], place["TotalCharge"])
    if total is None or total[0] <= 0:
        return None
    charges = []
    for base in place["BaseServiceCharge"].each():
        amount = _money(base)
        if amount is not None:
            charges.append(Charge("base", amount[0]))
    charges += _items(place)
    for package in shipment["RatedPackage"].each():
        charges += _items(package["NegotiatedCharges"])
    return _rate(shipment, service, code, "negotiated", total, charges)


def _rate(
    shipment: Place, service: str, code: str, basis: Basis, total: tuple[int, str], charges: list[Charge]
) -> LiveRate:
    summary = shipment["TimeInTransit"]["ServiceSummary"]["EstimatedArrival"]
    guaranteed = shipment["GuaranteedDelivery"]
    days = whole(summary["BusinessDaysInTransit"])
    promised = whole(guaranteed["BusinessDaysInTransit"])
    arrival = day(summary["Arrival"]["Date"].text()) or day(guaranteed["ScheduledDeliveryDate"].text())
    weight = shipment["BillingWeight"]
    return LiveRate(
        service,
        basis,
        total[1] or "USD",
        itemised(charges, total[0]),
        code,
        promised if days is None else days,
        arrival,
        whole(shipment["Zone"]),
        grams(weight["Weight"], weight["UnitOfMeasurement"]["Code"].text()),
    )


def _scan(activity: Place, number: str, zone: tzinfo) -> Scan | Message:
    status, address = activity["status"], activity["location"]["address"]
    kind, code = status["type"].text(), status["code"].text()
    words = status["description"].text() or status["simplifiedTextDescription"].text()
    when = _moment(activity, zone)
    if when is None:
        return Message("warning", code or kind, f"a scan without a moment that can be read: {words}", number)
    where = (address[part].text() for part in ("city", "stateProvince", "postalCode", "countryCode"))
    # Exceptions and plain progress say in words what their type does not: held, returned, damaged, lost, arrived.
    meant = status_of(STATUSES, kind, words=words, loose=LOOSE)
    said = " ".join(filter(None, (kind, code, status["statusCode"].text())))
    return Scan(number, when[0], meant, said, words, ", ".join(filter(None, where)), when[1])


def _moment(activity: Place, zone: tzinfo) -> tuple[datetime, bool] | None:
    """GMT fields where they are whole; else the local time less its offset; else the local time read in `zone`."""
    gmt_day, gmt_time = day(activity["gmtDate"].text()), clock(activity["gmtTime"].text())
    local_day, local_time = day(activity["date"].text()), clock(activity["time"].text())
    away = offset(activity["gmtOffset"].text())
    if gmt_day and gmt_time:
        return datetime.combine(gmt_day, gmt_time, UTC), True
    if not local_day or not local_time:
        return None
    if away is None:
        return moment(datetime.combine(local_day, local_time).isoformat(), zone)
    try:
        return datetime.combine(local_day, local_time, UTC) - away, True
    except OverflowError:
        return None
