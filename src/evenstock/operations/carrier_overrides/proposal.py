"""A proposed carrier override: what fails where, what to do about it, for how long, what it is worth, and its life since."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import polars as pl

from evenstock.domain import Rule, digest
from evenstock.freight.failing import Failing

RULE: Final = "override-"
"""How the names of rules begin that overrides make."""
WEEKS: Final = 8
"""How long an override lasts unless a person says otherwise."""
OPEN_DAYS: Final = 14
"""A proposal that nobody answers lapses: what it says is no longer so."""


class Form(StrEnum):
    """What an override does while it is in force."""

    RULE = "rule"
    """A dated wish of the policy: these services do not carry those orders."""
    PRICE = "price"
    """The days and the losses that are now to be expected are priced, so that each order weighs them by its own promise."""


class State(StrEnum):
    PROPOSED = "proposed"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    ENDED = "ended"
    """By a person, before its last day."""
    EXPIRED = "expired"
    LAPSED = "lapsed"
    """Never answered."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What an override would have meant for the lane's orders of the last weeks, in cents a week."""

    orders_a_week: float
    freight_cents: int
    """Freight and handling more (or, below zero, less) than now."""
    lateness_cents: int
    """Late orders less, times what one costs."""
    harm_cents: int
    """Parcels lost and damaged less, with their goods and claims."""
    late_now: float
    """Share of the orders promised that are late as it is, and with the override."""
    late_then: float

    @property
    def cents(self) -> int:
        """Gain a week; below zero where it does not pay."""
        return self.lateness_cents + self.harm_cents - self.freight_cents


@dataclass(frozen=True, slots=True)
class Proposal:
    """Use other services than those that fail, from an origin to some places, or price what they have become."""

    id: str
    """Twelve digits of the digest of what it is about."""
    failing: Failing
    made_at: datetime
    worth: Worth | None
    """None where no orders of the last weeks are at hand: then nobody knows."""
    instead: tuple[str, ...]
    """What most of the orders would take, most first: service from node."""
    classes: tuple[str, ...] = ()
    """Classes of orders that it is for; empty for all."""
    min_value_cents: int = 0
    """Least value of an order that it is for; 0 for any."""
    form: Form = Form.RULE

    @property
    def orders(self) -> str:
        """Which orders it is for, in words."""
        which = f"orders of class {' or '.join(self.classes)}" if self.classes else "all orders"
        return which + (f" of at least {self.min_value_cents / 100:.2f}" if self.min_value_cents else "")

    @property
    def rule(self) -> str:
        """Name of the rule that it becomes."""
        return f"{RULE}{self.id}"

    @property
    def sentence(self) -> str:
        """What fails, since when, and the evidence."""
        f = self.failing
        spread = f" (between {f.earliest} and {f.latest})" if f.earliest != f.latest else ""
        return (
            f"{f.name} from {f.origin} to {places(f)} is {f.pattern} since {f.since}{spread}:"
            f" {f.parcels} parcels since, {f.delivered} delivered"
        )

    @property
    def ends(self) -> str:
        """What ends it."""
        return f"its last day, {WEEKS} weeks from adoption; or `carriers override end {self.id}` when the carrier has mended it"


@dataclass(frozen=True, slots=True)
class Standing:
    """A proposal and what became of it."""

    proposal: Proposal
    state: State
    by: str = ""
    because: str = ""
    at: datetime | None = None
    valid_from: date | None = None
    valid_to: date | None = None


def number_of(failing: Failing, on: date) -> str:
    """The name of a proposal about this failing, made on a day: one that lapsed may be made again."""
    return digest([list(map(str, failing.key)), failing.since, on]).removeprefix("sha256:")[:12]


def rule_of(proposal: Proposal, first: date, last: date, owner: str) -> Rule:
    """The override as a dated wish: those services do not carry from that node to those places.

    It is soft, so that a paid order that nothing else serves still ships, and it ends by itself.
    """
    f = proposal.failing
    parameters = (
        ("nodes", f.origin),
        ("services", ",".join(f.services)),
        ("postal_prefixes", ",".join(f.areas)),
        *((("order_classes", ",".join(proposal.classes)),) if proposal.classes else ()),
        *((("min_value_cents", str(proposal.min_value_cents)),) if proposal.min_value_cents else ()),
    )
    return Rule(proposal.rule, "forbid", parameters, False, first, last, proposal.sentence, owner)


_SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "override": pl.String,
    "made_at": pl.Datetime("us", "UTC"),
    "failing": pl.String,
    "worth": pl.String,
    "instead": pl.String,
    "classes": pl.String,
    "min_value_cents": pl.Int64,
    "form": pl.String,
}


def to_frame(proposals: list[Proposal]) -> pl.DataFrame:
    """One row a proposal; `from_frame` reads them back."""
    rows = [
        (p.id, p.made_at, _written(asdict(p.failing)), _written(asdict(p.worth)) if p.worth else "",
         "\n".join(p.instead), "\n".join(p.classes), p.min_value_cents, p.form.value)
        for p in proposals
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def from_frame(frame: pl.DataFrame) -> list[Proposal]:
    return [
        Proposal(
            row["override"], _failing(json.loads(row["failing"])), row["made_at"],
            Worth(**json.loads(row["worth"])) if row["worth"] else None, tuple(filter(None, row["instead"].split("\n"))),
            tuple(filter(None, row["classes"].split("\n"))), row["min_value_cents"],
            Form(row["form"]),
        )
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip


def lapses_on(proposal: Proposal) -> date:
    """First day on which it can no longer be adopted."""
    return proposal.made_at.date() + timedelta(days=OPEN_DAYS)


def _written(fields: dict[str, Any]) -> str:
    return json.dumps(fields, default=str, sort_keys=True)


def _failing(fields: dict[str, Any]) -> Failing:
    days = {name: date.fromisoformat(fields[name]) for name in ("since", "earliest", "latest")}
    lists = {name: tuple(fields[name]) for name in ("services", "areas", "weights")}
    return Failing(**(fields | days | lists))


def places(f: Failing) -> str:
    """Where to, in words."""
    if f.extent == "anywhere":
        return "anywhere"
    if len(f.areas) > 6:
        return f"{len(f.areas)} postal areas of one zone"
    return f"postal codes {', '.join(f.areas)}…"
