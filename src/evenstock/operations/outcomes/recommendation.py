"""One recommendation and what became of it, and the frame that all of them stand in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final, Protocol, cast

import polars as pl

from evenstock.operations.outcomes.told import Told
from evenstock.registry import members

FAMILY: Final = "evenstock.operations.outcomes.sources"


class Became(StrEnum):
    """What became of a recommendation; each stands under exactly one."""

    ADOPTED = "adopted"
    """Somebody let it be done as it was."""
    EDITED = "edited"
    """Somebody did something else of the same kind."""
    REFUSED = "refused"
    """Somebody said no, and nothing was done in its place."""
    EXPIRED = "expired"
    """Nobody answered in time: what was said to happen then did."""
    OVERTAKEN = "overtaken"
    """The world moved on before anybody answered: decided again, released, cancelled, superseded."""
    WAITS = "waits"
    """Nobody has answered yet."""


ANSWERED: Final = (Became.ADOPTED, Became.EDITED, Became.REFUSED)
"""What a person says; rates of adoption are over these."""
SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "key": pl.String,
    "layer": pl.String,
    "kind": pl.String,
    "about": pl.String,
    "node": pl.String,
    "nodes": pl.List(pl.String),
    "proposer": pl.String,
    "decider": pl.String,
    "became": pl.String,
    "reason": pl.String,
    "proposed_at": pl.Datetime("us", "UTC"),
    "decided_at": pl.Datetime("us", "UTC"),
    "minutes": pl.Float64,
    "cents": pl.Int64,
    "changed_cents": pl.Int64,
}
"""`layer`: which part of the system recommends; `node`: the one place under which the row is added up (empty where the
company's), `nodes` all it concerns; `minutes` from proposal to a person's answer, null where no person answered; `cents` the
money at stake as the source says it; `changed_cents` what an edit costs beyond what was recommended."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What was recommended, by and to whom, and what became of it."""

    key: str
    """Unique."""
    layer: str
    kind: str
    about: str
    node: str
    nodes: tuple[str, ...]
    proposer: str
    became: Became
    proposed_at: datetime
    decider: str = ""
    reason: str = ""
    decided_at: datetime | None = None
    cents: int = 0
    changed_cents: int = 0

    @property
    def minutes(self) -> float | None:
        """Until a person answered."""
        if self.decided_at is None or self.became not in ANSWERED:
            return None
        return max(0.0, (self.decided_at - self.proposed_at).total_seconds() / 60.0)


class Source(Protocol):
    """A member of the family."""

    LAYER: str
    KIND: str
    MONEY: str
    """What `cents` is, in words."""

    def rows(self, told: Told) -> Iterable[Recommendation]:
        """Recommendations made in the period, each once."""


@cache
def sources() -> Mapping[str, Source]:
    """Every kind of recommendation by its name."""
    return {module.KIND: cast("Source", module) for module in members(FAMILY).values()}


def recommendations(told: Told) -> pl.DataFrame:
    """Every recommendation made in the period, in the columns of `SCHEMA`, by key; where nodes are asked about, theirs alone.

    What belongs to no node, such as a version of the rules, is the company's: it is told where no nodes are named.
    """
    found = [row for source in sources().values() for row in source.rows(told) if told.within(row.node)]
    return pl.DataFrame([_plain(row) for row in found], schema=SCHEMA, orient="row").sort("key")


def _plain(row: Recommendation) -> tuple[object, ...]:
    return (
        row.key, row.layer, row.kind, row.about, row.node, list(row.nodes), row.proposer, row.decider, row.became.value,
        row.reason, row.proposed_at, row.decided_at, row.minutes, row.cents, row.changed_cents,
    )  # fmt: skip


def counted(frame: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Counts by what became of them, money and the median minutes until a person answered; one row for each of `by`.

    `adoption` is adopted over adopted, edited and refused; null where nobody answered.
    """
    columns: Sequence[str] = by or ("all",)
    given = frame if by else frame.with_columns(pl.lit("all").alias("all"))
    counts = [(pl.col("became") == one.value).sum().cast(pl.Int64).alias(one.value) for one in Became]
    money = [pl.col("cents").filter(pl.col("became") == one.value).sum().alias(f"{one.value}_cents") for one in Became]
    told = given.group_by(columns).agg(
        pl.len().cast(pl.Int64).alias("count"), *counts, pl.col("cents").sum(), *money, pl.col("changed_cents").sum(),
        pl.col("minutes").median().alias("median_minutes"), pl.col("minutes").count().cast(pl.Int64).alias("timed"),
    )  # fmt: skip
    answered = pl.sum_horizontal(one.value for one in ANSWERED)
    return told.with_columns(
        adoption=pl.when(answered > 0).then(pl.col(Became.ADOPTED.value) / answered), answered=answered
    ).sort(columns)


def reasons(frame: pl.DataFrame, most: int = 20) -> pl.DataFrame:
    """What people said when they edited or refused, the most frequent first: layer, kind, became, reason, count, cents."""
    said = frame.filter(pl.col("became").is_in([Became.EDITED.value, Became.REFUSED.value]))
    return (
        said.group_by("layer", "kind", "became", "reason")
        .agg(pl.len().cast(pl.Int64).alias("count"), pl.col("cents").sum(), pl.col("changed_cents").sum())
        .sort(["count", "cents", "layer", "kind", "became", "reason"], descending=[True, True, *[False] * 4])
        .head(most)
    )
