"""Any carrier that the library karrio speaks to, where it is installed (LGPL, never required).

`pip install karrio karrio-ups` and so on; imported when the first question is asked. karrio does its own wire, so its
tokens, time limits and tries are its own. It hands on local times without their offset: they are read in the zone asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from evenstock.carriers import _wire
from evenstock.carriers._access import Access
from evenstock.carriers._account import Account
from evenstock.carriers._reading import Reply, cents, day, itemised, moment, whole
from evenstock.carriers._words import meaning
from evenstock.operations.call_quota import Quota
from evenstock.operations.carrier_ports import (
    STATUSES,
    Charge,
    LiveRate,
    Message,
    ParcelToRate,
    RatesReply,
    Scan,
    TrackedParcel,
    TrackingReply,
)

NEEDS: Final = "karrio"
QUOTA: Final = Quota(60, 3600, 10)
"""The least of the carriers behind it; whoever knows better says so to the audit."""
SERVICES: Final[dict[str, str]] = {}
"""Whatever the carrier behind it names."""

KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "ups": {"client_id": "client_id", "client_secret": "client_secret", "account_number": "number"},
    "fedex": {
        "api_key": "client_id",
        "secret_key": "client_secret",
        "track_api_key": "client_id",
        "track_secret_key": "client_secret",
        "account_number": "number",
    },
}
"""What karrio calls the parts of an account, by gateway; others, such as usps, are called as UPS's are."""

CLOCKS: Final = ("%I:%M %p", "%H:%M", "%H:%M:%S")


@dataclass(frozen=True, slots=True)
class KarrioCarrier:
    """Both ports, through one gateway of karrio."""

    name: str
    gateway: Any
    account: Account
    zone: tzinfo = UTC

    def rates(self, parcel: ParcelToRate) -> RatesReply:
        """Every service the gateway prices; an error of the library is a message like a carrier's."""
        if parcel.hazmat:
            said = f"{self.name} is not asked live about hazardous goods: its answer would be for ordinary ones"
            return RatesReply(messages=(Message("error", "hazmat", said, parcel.parcel),))
        models, sdk = _models(), _sdk()
        asked = models.RateRequest(
            shipper=_address(models, parcel.origin),
            recipient=_address(models, parcel.destination),
            parcels=[_parcel(models, parcel)],
            options={"shipment_date": parcel.ship_on.isoformat()},
            reference=parcel.parcel,
        )
        try:
            details, said = sdk.Rating.fetch(asked).from_(self.gateway).parse()
        except Exception as error:  # noqa: BLE001 - whatever a foreign library raises must not stop an audit
            return RatesReply(messages=(self._failed(error),), calls=1)
        found = [rate for detail in details or [] if (rate := self._rate(detail)) is not None]
        return RatesReply(tuple(found), self._messages(said), calls=1)

    @property
    def numbers_a_call(self) -> int:
        """Each number is a call of its own, as far as anybody outside the library knows."""
        return 1

    def track(self, parcels: Sequence[TrackedParcel]) -> TrackingReply:
        """Every scan the gateway tells of these parcels."""
        models, sdk = _models(), _sdk()
        numbers = [parcel.number for parcel in parcels]
        try:
            details, said = sdk.Tracking.fetch(models.TrackingRequest(numbers)).from_(self.gateway).parse()
        except Exception as error:  # noqa: BLE001 - as above
            return TrackingReply(messages=(self._failed(error),), calls=len(numbers))
        scans, messages = [], list(self._messages(said))
        for detail in details or []:
            for event in detail.events or []:
                scan = self._scan(str(detail.tracking_number), event)
                if isinstance(scan, Scan):
                    scans.append(scan)
                else:
                    messages.append(scan)
        return TrackingReply(tuple(scans), tuple(messages), calls=len(numbers))

    def close(self) -> None:
        """Nothing is held open."""

    def _rate(self, detail: Any) -> LiveRate | None:
        total = _cents(detail.total_charge)
        if not total:
            return None
        charges = [
            Charge(_charge(str(item.name or "")), _cents(item.amount) or 0, str(item.name or ""))
            for item in detail.extra_charges or []
        ]
        meta = Reply(detail.meta or {}).root
        service = str(detail.service or "none").removeprefix(f"{self.name}_")
        return LiveRate(
            f"{self.name}:{service}",
            "negotiated",
            str(detail.currency or "USD"),
            itemised(charges, total),
            str(detail.service or ""),
            detail.transit_days if isinstance(detail.transit_days, int) else None,
            day(str(detail.estimated_delivery or "")),
            whole(meta["rate_zone"]),
        )

    def _scan(self, number: str, event: Any) -> Scan | Message:
        words, code = str(event.description or ""), str(event.code or "")
        when = _moment(str(event.date or ""), str(event.time or ""), self.zone)
        if when is None:
            return Message("warning", code, f"a scan without a moment that can be read: {words}", number)
        said = meaning(words)
        status = str(event.status or "")
        known = status if status in STATUSES and status != "unknown" else said
        meant = said if said in {"damaged", "lost"} else known
        return Scan(number, when, meant, code, words, str(event.location or ""), offset_known=False)

    def _messages(self, said: Sequence[Any] | None) -> tuple[Message, ...]:
        return tuple(
            Message("error", str(m.code or ""), _wire.without_secrets(str(m.message or ""), self.account))
            for m in said or []
        )

    def _failed(self, error: Exception) -> Message:
        # Only its kind: what a foreign library writes into an error may hold what was sent.
        return Message("error", "karrio", f"{self.name} through karrio: {type(error).__name__}")


def open_with(access: Access) -> KarrioCarrier:
    """The gateway that the option `gateway` names, such as ``{"gateway": "ups"}``.

    Raises
    ------
    ValueError
        If it names none, or karrio or its part for that carrier is not installed; the message says what to install.
    """
    name = access.options.get("gateway", "")
    if not name:
        raise ValueError("through_karrio: say which carrier is meant with the option gateway, such as ups")
    if importlib.util.find_spec("karrio") is None or importlib.util.find_spec(f"karrio.mappers.{name}") is None:
        raise ValueError(f"through_karrio: pip install karrio karrio-{name.replace('_', '-')}")
    keys = KEYS.get(name, KEYS["ups"])
    settings = {theirs: getattr(access.account, ours) for theirs, ours in keys.items()}
    gateway = _sdk().gateway[name].create({**settings, "test_mode": access.account.sandbox})
    return KarrioCarrier(name, gateway, access.account, access.zone)


def _sdk() -> Any:
    """The library's kit, imported without the words of a library it uses that calls itself old, and without its log.

    Its log goes to the screen and may hold what is sent.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module("loguru").logger.disable("karrio")
        return importlib.import_module("karrio.sdk")


def _models() -> Any:
    _sdk()
    return importlib.import_module("karrio.core.models")


def _address(models: Any, address: Any) -> Any:
    return models.Address(
        postal_code=address.postal_code,
        country_code=address.country,
        city=address.city or None,
        state_code=address.state or None,
        residential=address.residential,
        # Rates need no street, yet karrio's part for UPS stops at an address without one.
        address_line1=address.street[0] if address.street else "-",
    )


def _parcel(models: Any, parcel: ParcelToRate) -> Any:
    sides = sorted((parcel.length_mm, parcel.width_mm, parcel.height_mm), reverse=True)
    measured = zip(("length", "width", "height"), (side / 10 for side in sides), strict=True)
    return models.Parcel(
        weight=parcel.weight_g / 1000,
        weight_unit="KG",
        dimension_unit="CM",
        **(dict(measured) if parcel.measured else {}),
    )


def _cents(amount: object) -> int | None:
    return cents(Reply({"amount": Decimal(str(amount))}).root["amount"]) if isinstance(amount, int | float) else None


def _charge(name: str) -> str:
    """Our name of a charge that karrio names in its own words, such as FUEL SURCHARGE.

    Examples
    --------
    >>> [_charge(x) for x in ("BASE CHARGE", "FUEL SURCHARGE", "Fuel", "RESIDENTIAL ADDRESS", "Peak Season")]
    ['base', 'fuel', 'fuel', 'residential', 'peak_season']
    """
    lower = name.lower()
    known = {"base": "base", "fuel": "fuel", "residential": "residential", "delivery area": "delivery_area"}
    return next((ours for theirs, ours in known.items() if theirs in lower), "_".join(lower.split()) or "surcharge")


def _moment(said: str, clock: str, zone: tzinfo) -> datetime | None:
    on: date | None = day(said)
    if on is None:
        return None
    for form in CLOCKS:
        try:
            at = datetime.strptime(clock, form).time()  # noqa: DTZ007 - the zone is given where it is combined
        except ValueError:
            continue
        read = moment(datetime.combine(on, at).isoformat(), zone)
        return read[0] if read else None
    return None
