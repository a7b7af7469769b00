"""What a deed of the audit log says about whoever did it: which kind of work, how many units, how much money, which way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Deed = Mapping[str, Any]
_OUTSIDE: Final = "outside"
UP, DOWN = "up", "down"
BETWEEN: Final = " to "
"""Between origin and destination of what is moved."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One deed."""

    work: str
    """Kind of work, as a sentence names many of it: `stock adjustments`."""
    units: int = 0
    cents: int = 0
    way: str = ""
    """`up` or `down`, or `TX to PA`; empty where it has none."""

    @property
    def size(self) -> int:
        """Units, or cents where it moves none."""
        return self.units or self.cents


def seen(about: str, deed: Deed) -> Seen | None:
    """None for what only comes along with other deeds: keys kept, leases, deliveries.

    Examples
    --------
    >>> seen("stock:MUG@TX", {"did": "count", "movements": [["c-1", 7, "TX:available", "TX:outside"]]})
    Seen(work='stock adjustments', units=7, cents=0, way='down')
    >>> seen("t-1", {"did": "put_transfer", "from_node": "PA", "to_node": "TX", "lines": [["MUG", 40]]})
    Seen(work='transfers', units=40, cents=0, way='PA to TX')
    >>> seen("lease:job:plan", {"did": "lease"}) is None
    True
    """
    read = _READ.get(deed["did"])
    return read(about, deed) if read is not None else None


def _moved(_: str, deed: Deed) -> Seen:
    shown: Sequence[Sequence[Any]] = deed.get("movements", ())
    units, net = 0, 0
    for _id, moved, source, destination in shown:
        units += moved
        net += moved * (source.endswith(_OUTSIDE) - destination.endswith(_OUTSIDE))
    # Movements of a very large posting are spelled out for the first twenty alone.
    whole = deed.get("of", len(shown))
    units = units * whole // len(shown) if shown else 0
    return Seen("stock adjustments", units, 0, UP if net > 0 else DOWN if net < 0 else "")


def _lines(lines: Any) -> int:
    return sum(line[-1] if len(line) == 2 else line[2] for line in lines)


def _reserved(_: str, deed: Deed) -> Seen:
    return Seen("reservations", _lines(deed["units"]))


def _decided(_: str, deed: Deed) -> Seen:
    return Seen("decisions about orders", _lines(deed.get("lines", ())), deed.get("cents", 0))


def _transfer(_: str, deed: Deed) -> Seen:
    return Seen("transfers", _lines(deed["lines"]), 0, f"{deed['from_node']}{BETWEEN}{deed['to_node']}")


def _acted(_: str, deed: Deed) -> Seen:
    nodes = deed.get("nodes", ())
    way = BETWEEN.join(nodes) if len(nodes) == 2 and "origin_country" in deed else ""
    return Seen("actions inside envelopes", deed.get("units", 0), deed.get("cents", 0), way)


def _entered(about: str, _: Deed) -> Seen | None:
    work = _ENTRIES.get(about.partition(":")[0])
    return Seen(work) if work is not None else None


def _of(work: str, units: str = "", cents: str = "") -> Callable[[str, Deed], Seen]:
    def read(_: str, deed: Deed) -> Seen:
        return Seen(work, int(deed.get(units) or 0), int(deed.get(cents) or 0))

    return read


_ENTRIES: Final = {
    "api_key": "changes to access",
    "person": "changes to access",
    "schedule": "changes to the schedule",
    "source": "changes to sources",
    "subscription": "changes to webhooks",
}
_READ: Final[Mapping[str, Callable[[str, Deed], Seen | None]]] = {
    "count": _moved,
    "post": _moved,
    "change_stock": _moved,
    "set_buffer": _of("buffers set", "units"),
    "reserve": _reserved,
    "settle": _of("reservations settled"),
    "set_quotas": _of("quotas set", "of"),
    "decide": _decided,
    "put_case": _of("cases"),
    "change_case": _of("answers to cases"),
    "put_plan": _of("plans", "units"),
    "move_plan": _of("answers to plans"),
    "put_transfer": _transfer,
    "change_transfer": _of("steps of transfers"),
    "put_prices": _of("prices", "prices"),
    "put_capacity_prices": _of("prices", "prices"),
    "point": _of("versions put in force"),
    "open_request": _of("requests for approval", "units", "cents"),
    "vote": _of("votes"),
    "act": _acted,
    "receive": _of("events", "events"),
    "enter": _entered,
    "change_entry": _entered,
    "remove_entry": _entered,
}
