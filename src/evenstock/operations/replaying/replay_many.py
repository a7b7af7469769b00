"""Many recorded decisions decided again: read in parts, spread as the caller says, and counted."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.replaying.company_then import PointersThen, origin_kept
from evenstock.operations.replaying.replay_one import Asked, Replayed, Replayer, asked_of, header_of

ALL_BP: Final = 10_000
"""Every decision, in ten thousandths of them."""
AT_ONCE: Final = 100
"""Decisions of a part: nothing is locked or held for longer than these take to read."""
NAMED: Final = 20
"""Decisions that came out otherwise that are named; of more than that, their number."""


@dataclass(frozen=True, slots=True)
class Part:
    """Decisions with all that deciding them again needs: a process that has the snapshots needs no books."""

    asked: tuple[Asked, ...]
    origins: Mapping[str, PointersThen]
    """Versions of companies that they name, by digest."""
    last: str
    """The last decision looked at, whether it is in the sample or not."""


@dataclass(slots=True)
class Tally:
    """What deciding again came to."""

    replayed: int = 0
    equal: int = 0
    unequal: int = 0
    named: list[Replayed] = field(default_factory=list)
    """The first decisions that came out otherwise."""
    missing: Counter[str] = field(default_factory=Counter)
    """Decisions that could not be decided again, by why."""
    last: str = ""
    """The last decision looked at."""

    def add(self, other: Tally) -> None:
        self.replayed += other.replayed
        self.equal += other.equal
        self.unequal += other.unequal
        self.named = (self.named + other.named)[:NAMED]
        self.missing += other.missing
        self.last = other.last or self.last

    @property
    def sentence(self) -> str:
        said = f"{self.replayed:,} decisions were decided again: {self.equal:,} are the same byte for byte"
        said += f", {self.unequal:,} came out otherwise" if self.unequal else ""
        left = sum(self.missing.values())
        return said + (f"; {left:,} more could not be decided again." if left else ".")


Spread = Callable[[Callable[[Part], Tally], Iterable[Part]], Iterable[Tally]]
"""Works on parts, here or elsewhere, and gives what became of them in their order."""


def replay_many(parts: Iterable[Part], work: Callable[[Part], Tally], spread: Spread = map) -> Tally:
    """Decide them all again; how they are spread changes nothing of what is found."""
    found = Tally()
    for tally in spread(work, parts):
        found.add(tally)
    return found


def replaying(snapshots: Snapshots) -> Callable[[Part], Tally]:
    """Decides parts again in this thread, with the companies of the last few at hand."""
    replayer = Replayer(snapshots)

    def work(part: Part) -> Tally:
        replayer.know(part.origins)
        tally = Tally(last=part.last)
        for asked in part.asked:
            found = replayer.replay(asked)
            if found.missing:
                tally.missing[found.missing] += 1
                continue
            tally.replayed += 1
            tally.equal += found.equal
            if not found.equal:
                tally.unequal += 1
                tally.named.append(found)
        return tally

    return work


def parts_of(
    store: Store, *, since: datetime | None = None, after: str = "", share_bp: int = ALL_BP, seed: str = ""
) -> Iterator[Part]:
    """Recorded decisions in the order recorded, each part read at one moment of the books.

    Parameters
    ----------
    since
        Only what was decided from then on.
    after
        Only what was recorded after this decision.
    share_bp
        How many of ten thousand are in the sample; which ones follows from their names and `seed`.

    Raises
    ------
    StoreError
        If there is no decision `after`.
    """
    if not 0 < share_bp <= ALL_BP:
        raise ValueError(f"a sample is 1 to {ALL_BP:,} of {ALL_BP:,} decisions, not {share_bp}")
    origins: dict[str, PointersThen] = {}
    while True:
        with store.reading() as books:
            records = books.decisions(AT_ONCE, after)
            if not records:
                return
            asked = []
            for record in records:
                said = header_of(record)
                after = said.decision
                if (since is None or said.decided_at >= since) and drawn(said.decision, share_bp, seed):
                    asked.append(asked_of(books, record))
            for name in sorted({one.origin for one in asked} - origins.keys() - {""}):
                then = origin_kept(books, name)
                if then is not None:
                    origins[name] = then
        named = {one.origin: origins[one.origin] for one in asked if one.origin in origins}
        yield Part(tuple(asked), named, after)


def drawn(decision: str, share_bp: int, seed: str) -> bool:
    """Whether a decision is in the sample.

    Examples
    --------
    >>> sum(drawn(f"route-{n}", 100, "2026-11-22") for n in range(10_000))
    94
    """
    if share_bp == ALL_BP:
        return True
    lot = hashlib.sha256(f"{seed}:{decision}".encode()).digest()
    return int.from_bytes(lot[:8], "big") % ALL_BP < share_bp
