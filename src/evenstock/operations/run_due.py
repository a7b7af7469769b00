"""Does what is due: cases whose deadline has come, each by its action, and reservations whose time has run out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, cast

from evenstock.domain import Case, CaseId, CaseState
from evenstock.operations.deciding import Decide
from evenstock.operations.open_cases import ask_about_overdue
from evenstock.operations.ports import Store, StoreError
from evenstock.operations.reservations import expire_reservations
from evenstock.policy import CompiledPolicy
from evenstock.registry import members
from evenstock.routing.network import ShippingNetwork

FAMILY: Final = "evenstock.operations.due"
LEASE: Final = timedelta(minutes=10)
"""How long a case belongs to the runner that claimed it; one that dies in between leaves it to the next after that."""
FIRST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=6)
"""Between attempts of an action that fails: five minutes, then twice as long each time, up to this."""
_CAME: Final = "deadline that came"
_FAILURES: Final = "failures"
_FAILED: Final = "failed because"


@dataclass(frozen=True, slots=True, eq=False)
class Workplace:
    """What an action works with."""

    store: Store
    network: ShippingNetwork
    policy: CompiledPolicy
    decide: Decide | None = None
    """Stands in for `decide_order` where a simulation compares it with what people do."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one thing that was due."""

    case: CaseId
    """Empty for a reservation."""
    action: str
    sentence: str
    failed: bool = False
    """The action raised: the case is still open, and is asked again later."""


class Action(Protocol):
    """A member of the family."""

    NAME: str

    def act(self, at: Workplace, case: Case, now: datetime) -> Case: ...


def actions() -> Mapping[str, Action]:
    """Every action by its name."""
    return {module.NAME: cast("Action", module) for module in members(FAMILY).values()}


def run_due(at: Workplace, now: datetime, limit: int = 1_000) -> list[Done]:
    """Do what is due by `now`, earliest first, at most `limit` cases and as many reservations.

    Each case is done in transactions of its own; running twice, or two runners at once, does each once. After them the
    reservations whose time has run out: those of orders that are kept become a case for a person, and the order keeps its
    stock until it is answered; the others give their stock back.
    """
    with at.store.reading() as books:
        due = books.due_cases(now, limit)
    known = actions()
    done = [found for name in due if (found := _run(at, known, name, now)) is not None]
    if len(due) == limit:
        return done
    done += [Done(case.id, "ask", f"{case.about}: {case.because}") for case in ask_about_overdue(at.store, now, limit)]
    for name in expire_reservations(at.store, now, limit):
        done.append(Done(CaseId(""), "expire", f"reservation {name} ran out: its stock is free again"))
    return done


def act_now(at: Workplace, case: CaseId, now: datetime) -> Done | None:
    """Do what the case would do at its deadline, at once; None if it is closed, or another is at it."""
    return _run(at, actions(), case, now, early=True)


def _run(
    at: Workplace, known: Mapping[str, Action], name: CaseId, now: datetime, *, early: bool = False
) -> Done | None:
    claimed = _claim(at.store, name, now, early=early)
    if claimed is None:
        return None
    action = known.get(claimed.at_deadline)
    try:
        if action is None:
            raise ValueError(f"there is no action {claimed.at_deadline!r}; there are {', '.join(known)}")  # noqa: TRY301
        after = _keep(at.store, claimed, action.act(at, claimed, now))
    except Exception as error:  # noqa: BLE001 (one case that cannot be done must not keep the others from it)
        return _failed(at.store, claimed, now, error)
    return Done(name, claimed.at_deadline, _told(after))


def _claim(store: Store, name: CaseId, now: datetime, *, early: bool) -> Case | None:
    """The case, put off by a lease so that no other runner takes it; None if it is not due any more.

    What is given has the deadline that came, so that an action done twice tells the same of the same moment.
    """
    with store.transaction() as books:
        found = books.case(name)
        if found is None or found.state is CaseState.CLOSED or (found.due_at > now and not early):
            return None
        facts = dict(found.facts)
        due_at = datetime.fromisoformat(facts.pop(_CAME, "") or found.due_at.isoformat())
        claimed = replace(found, due_at=due_at, facts=tuple(facts.items()), step=found.step + 1)
        books.change_case(found.step, _put_off(claimed, now + LEASE))
    return claimed


def _put_off(case: Case, until: datetime) -> Case:
    """The same case with a later deadline, which keeps the one that came."""
    return replace(case, due_at=until, facts=(*case.facts, (_CAME, case.due_at.isoformat())))


def _keep(store: Store, claimed: Case, after: Case) -> Case:
    """The case as it stands after its action, kept unless the action has kept it itself."""
    with store.transaction() as books:
        found = books.case(claimed.id)
        if found is None or found.step != claimed.step:
            return found or after
        facts = tuple(fact for fact in after.facts if fact[0] not in {_CAME, _FAILURES, _FAILED})
        following = replace(after, facts=facts, step=claimed.step + 1)
        books.change_case(claimed.step, following)
    return following


def _failed(store: Store, claimed: Case, now: datetime, error: Exception) -> Done:
    """An action that raised: asked again later, with what went wrong beside it."""
    facts = dict(claimed.facts)
    failures = int(facts.get(_FAILURES, "0")) + 1
    again = now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - 1, 10))
    because = f"{type(error).__name__}: {error}"[:500]
    facts |= {_FAILURES: str(failures), _FAILED: because}
    sentence = f"{claimed.about}: {claimed.at_deadline} failed ({because}); tried again at {again:%Y-%m-%d %H:%M} UTC"
    try:
        with store.transaction() as books:
            later = replace(claimed, facts=tuple(facts.items()), step=claimed.step + 1)
            books.change_case(claimed.step, _put_off(later, again))
    except StoreError as moved:
        # Its lease ends by itself: the next run finds it open, or done by somebody else.
        sentence += f"; {moved}"
    return Done(claimed.id, claimed.at_deadline, sentence, failed=True)


def _told(case: Case) -> str:
    if case.state is CaseState.CLOSED:
        return f"{case.about}: {case.resolution}"
    return f"{case.about}: {case.because}; asked again at {case.due_at:%Y-%m-%d %H:%M} UTC"
