"""Keeps proposals of carrier overrides and what people did with them: nothing is overwritten, and states follow from deeds and days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from evenstock.domain import Event
from evenstock.freight.failing import Now
from evenstock.freight.failing.now import SHARES
from evenstock.operations.carrier_overrides.proposal import (
    Proposal,
    Standing,
    State,
    from_frame,
    lapses_on,
    to_frame,
)
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError, Transaction

POINTER: Final = "carrier overrides"
_TRIES: Final = 5
DEEDS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "override": pl.String,
    "deed": pl.String,
    "by": pl.String,
    "because": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """All proposals ever made, and all deeds, oldest first."""

    proposals: tuple[Proposal, ...]
    deeds: pl.DataFrame
    shares: pl.DataFrame
    """Days to expect of the failing lanes, by override."""
    harm: pl.DataFrame
    """Losses to expect of them beyond the usual, by override."""

    def with_proposals(self, new: Sequence[tuple[Proposal, Now]]) -> Kept | None:
        """With what is expected of their lanes; None where all of them are there already."""
        there = {proposal.id for proposal in self.proposals}
        fresh = [(proposal, expected) for proposal, expected in new if proposal.id not in there]
        if not fresh:
            return None
        shares = [expected.shares.with_columns(override=pl.lit(p.id)).select(*_SHARES) for p, expected in fresh]
        harm = [(p.id, *lane, share) for p, expected in fresh for lane, share in expected.harm_millionths.items()]
        return Kept(
            (*self.proposals, *(proposal for proposal, _ in fresh)),
            self.deeds,
            pl.concat([self.shares, *shares]),
            pl.concat([self.harm, pl.DataFrame(harm, schema=_HARM, orient="row")]),
        )

    def with_deed(self, deed: dict[str, Any]) -> Kept:
        return replace(self, deeds=pl.concat([self.deeds, pl.DataFrame([deed], schema=DEEDS)]))


_SHARES: Final[dict[str, type[pl.DataType]]] = {"override": pl.String, **SHARES}
_HARM: Final[dict[str, type[pl.DataType]]] = {
    "override": pl.String,
    "service": pl.String,
    "origin": pl.String,
    "destination": pl.String,
    "millionths": pl.Int64,
}

Change = Callable[[Kept], Kept | None]
"""From what is kept to what is kept next; None where nothing changes."""


def change(
    store: Store,
    snapshots: Snapshots,
    to: Change,
    facts: Sequence[Event],
    now: datetime,
    within: Callable[[Transaction], None] = lambda _books: None,
) -> None:
    """Write the next state; of two people at once, the later reads again what the first wrote. `within` is done in the same transaction."""
    for tried in range(_TRIES):
        kept, seen = _read(store, snapshots)
        after = to(kept)
        if after is None:
            return
        name = snapshots.take(
            {
                "proposals": to_frame(list(after.proposals)),
                "deeds": after.deeds,
                "shares": after.shares,
                "harm": after.harm,
            }
        )
        try:
            with store.transaction() as books:
                books.repoint(POINTER, seen, name, now)
                books.publish(facts)
                within(books)
        except ConflictError:
            if tried == _TRIES - 1:
                raise
        else:
            return


def standing(store: Store, snapshots: Snapshots, on: date) -> list[Standing]:
    """Every proposal with its state on a day, oldest first."""
    kept, _ = _read(store, snapshots)
    return [state_of(proposal, kept, on) for proposal in kept.proposals]


def one(store: Store, snapshots: Snapshots, name: str, on: date) -> Standing:
    """The proposal of this id, or of an id that begins so. Raises StoreError if there is none, or more than one."""
    every = standing(store, snapshots, on)
    found = [s for s in every if name and s.proposal.id.startswith(name)]
    if len(found) != 1:
        there = ", ".join(s.proposal.id for s in every[-5:]) or "none was proposed"
        raise StoreError(f"{len(found) or 'no'} carrier overrides are named {name!r}; there is {there}")
    return found[0]


def state_of(proposal: Proposal, kept: Kept, on: date) -> Standing:
    """What became of a proposal by a day."""
    deeds = kept.deeds.filter((pl.col("override") == proposal.id) & (pl.col("at").dt.date() <= on))
    if deeds.is_empty():
        return Standing(proposal, State.LAPSED if on >= lapses_on(proposal) else State.PROPOSED)
    last = deeds.row(deeds.height - 1, named=True)
    state = State(last["deed"])
    if state is State.ADOPTED and on > last["valid_to"]:
        state = State.EXPIRED
    return Standing(proposal, state, last["by"], last["because"], last["at"], last["valid_from"], last["valid_to"])


def _read(store: Store, snapshots: Snapshots) -> tuple[Kept, str | None]:
    with store.reading() as books:
        seen = books.pointer(POINTER)
    if seen is None:
        empty = (pl.DataFrame(schema=schema) for schema in (DEEDS, _SHARES, _HARM))
        return Kept((), *empty), None
    return kept_at(snapshots, seen), seen


def kept_at(snapshots: Snapshots, name: str) -> Kept:
    """What a snapshot keeps."""
    frames = snapshots.read(name)
    return Kept(tuple(from_frame(frames["proposals"])), frames["deeds"], frames["shares"], frames["harm"])
