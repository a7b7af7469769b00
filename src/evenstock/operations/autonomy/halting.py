"""The stop: nothing of a kind, or in a scope, is executed by software from the moment a halt is committed.

Orders are still taken, decided and set aside, plans still made: they wait for people, and nothing is lost. A halt is a row
that every deciding transaction reads with the stock it decides about, so no process has to be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from evenstock.domain import ActionKind, Event, NodeId, digest, refuse_naive, rfc3339
from evenstock.operations.autonomy.stages import EVERYWHERE, Halt, Scope, Stages
from evenstock.operations.ports import ConflictError, Entry, Store, StoreError, Transaction
from evenstock.policy import CompiledPolicy

KIND: Final = "halt"
ON: Final = "on"
OFF: Final = "off"
PATIENCE_S: Final = 10.0
"""How long `halt` waits for what was being executed when it was committed."""
_TRIES: Final = 5


class NotHaltedError(StoreError):
    """There is no such halt in force."""


@dataclass(frozen=True, slots=True)
class Halted:
    """A halt, and whether everything that had begun before it has ended."""

    halt: Halt
    settled: bool
    """True: from now on nothing is executed. False: some transaction that began before it was still open at the end of the
    wait; whatever it executes was decided before the halt."""
    repeated: bool = False
    """Whether the scope was halted before."""


def halt(store: Store, scope: Scope, *, by: str, because: str, now: datetime, patience_s: float = PATIENCE_S) -> Halted:
    """Stop what software does in a scope, and wait until what had begun has ended. A scope that is halted stays so.

    Raises
    ------
    ValueError
        If nobody says who halts it and why.
    """
    with store.transaction() as books:
        made, repeated = begin_halt(books, scope, by=by, because=because, now=now)
    return Halted(made, settle(store, patience_s), repeated)


def begin_halt(books: Transaction, scope: Scope, *, by: str, because: str, now: datetime) -> tuple[Halt, bool]:
    """The halt of the scope, in a transaction of the caller's, and whether it was there before; in force once that commits."""
    refuse_naive(now, "now")
    _refuse_nobody(by, because)
    made = Halt(_name(scope, now), scope, by.strip(), because.strip(), now)
    there = next((one for one in halts_in_force(books) if one.scope == scope), None)
    if there is not None:
        return there, True
    books.enter(Entry(KIND, made.id, _body(made), state=ON))
    books.publish([Event(f"{made.id}:on", "AutonomyHalted", "autonomy", now, _body(made))])
    return made, False


def settle(store: Store, patience_s: float = PATIENCE_S) -> bool:
    """Wait, after a halt was committed, until what had begun before it has ended; False where something still goes on."""
    # In a transaction of its own: those that it waits for must see the halt, or have begun before it.
    with store.transaction() as books:
        return books.outlast(patience_s)


def resume(store: Store, name: str, *, by: str, because: str, now: datetime) -> Halt:
    """Let software act again where it was halted; other halts, stages and envelopes hold as before.

    Raises
    ------
    NotHaltedError
        If no such halt is in force.
    ValueError
        If nobody says who resumes it and why.
    """
    refuse_naive(now, "now")
    _refuse_nobody(by, because)
    for tried in range(_TRIES):
        try:
            with store.transaction() as books:
                found = books.entry(KIND, name)
                if found is None or found.state != ON:
                    there = ", ".join(one.id for one in halts_in_force(books)) or "none"
                    raise NotHaltedError(f"no halt {name!r} is in force; in force: {there}")
                said = {"resumed_by": by.strip(), "resumed_because": because.strip(), "resumed_at": rfc3339(now)}
                body = {**found.body, **said}
                books.change_entry(found.step, replace(found, body=body, state=OFF, step=found.step + 1))
                books.publish([Event(f"{name}:off", "AutonomyResumed", "autonomy", now, {"halt": name, **said})])
                return halt_of(found)
        except ConflictError:
            if tried == _TRIES - 1:
                raise
    raise AssertionError("unreachable")  # pragma: no cover


def halts_in_force(books: Transaction) -> tuple[Halt, ...]:
    """Halts in force as this transaction sees them, by id."""
    return halts_of(books.entries(KIND, state=ON))


def halts_of(entries: Iterable[Entry]) -> tuple[Halt, ...]:
    """Halts of the entries that a look or a listing has read."""
    return tuple(halt_of(entry) for entry in entries)


def halt_of(entry: Entry) -> Halt:
    body = entry.body
    return Halt(entry.id, scope_of(body), body["by"], body["because"], datetime.fromisoformat(body["at"]))


def under_halts(policy: CompiledPolicy, halts: tuple[Halt, ...]) -> CompiledPolicy:
    """The policy as it is asked under these halts, which the deciding transaction itself has read."""
    staged = policy.staged
    stages = (staged if isinstance(staged, Stages) else EVERYWHERE).halted_by(halts)
    if stages is staged or (staged is None and not halts):
        return policy
    held = copy(policy)
    held.staged = stages
    return held


def past_halts(books: Transaction, limit: int = 1_000) -> list[Entry]:
    """Halts that were resumed, with who did so and why, by id."""
    return books.entries(KIND, state=OFF, limit=limit)


def kept_halt(books: Transaction, name: str) -> Entry | None:
    """A halt in force or past; None where there never was one."""
    return books.entry(KIND, name)


def scope_of(said: Any) -> Scope:
    """The scope of a document. Raises ValueError for a kind of action that is none."""
    return Scope(
        frozenset(map(ActionKind, said.get("kinds", ()))), frozenset(said.get("regions", ())),
        frozenset(said.get("channels", ())), frozenset(map(NodeId, said.get("nodes", ()))),
        frozenset(said.get("categories", ())),
    )  # fmt: skip


def scope_told(scope: Scope) -> dict[str, list[str]]:
    """A scope as a document; `scope_of` reads it back."""
    return {
        "kinds": sorted(kind.value for kind in scope.kinds),
        "regions": sorted(scope.regions),
        "channels": sorted(scope.channels),
        "nodes": sorted(scope.nodes),
        "categories": sorted(scope.categories),
    }


def _body(made: Halt) -> dict[str, Any]:
    return {**scope_told(made.scope), "by": made.by, "because": made.because, "at": rfc3339(made.at)}


def _name(scope: Scope, now: datetime) -> str:
    said = digest([scope_told(scope), rfc3339(now)]).removeprefix("sha256:")[:8]
    return f"halt-{now:%Y%m%dT%H%M%S}-{said}"


def _refuse_nobody(by: str, because: str) -> None:
    if not by.strip() or not because.strip():
        raise ValueError("what software does is stopped, and let go on, by somebody and for a reason: say who and why")
