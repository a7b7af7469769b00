"""What a person must know of carrier overrides this week: those to answer, and those in force with their last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from evenstock.operations.carrier_overrides.keeping import standing
from evenstock.operations.carrier_overrides.proposal import Standing, State, lapses_on
from evenstock.operations.ports import Snapshots, Store

SOON_DAYS: Final = 14
"""An override whose last day comes within so many days is told as ending: by the review after next it may be over."""


@dataclass(frozen=True, slots=True)
class OverridesForReview:
    """Open proposals and overrides in force, as of a day."""

    as_of: date
    waiting: tuple[Standing, ...]
    """Proposals nobody answered, worth most a week first; of unknown worth last."""
    in_force: tuple[Standing, ...]
    """Those adopted, soonest over first."""

    @property
    def cents_a_week(self) -> int:
        """What the open proposals are worth together, as far as it is known."""
        return sum(one.proposal.worth.cents for one in self.waiting if one.proposal.worth is not None)

    def days_left(self, one: Standing) -> int:
        """Days until an open proposal lapses, or until the last day of an override in force; 0 on the last of them."""
        last = one.valid_to if one.state is State.ADOPTED else lapses_on(one.proposal) - timedelta(days=1)
        assert last is not None, "what was adopted has a last day"
        return (last - self.as_of).days

    def ends_soon(self, one: Standing) -> bool:
        return self.days_left(one) <= SOON_DAYS


def overrides_for_review(store: Store, snapshots: Snapshots, as_of: date) -> OverridesForReview:
    """As they stood on a day; what was proposed after it is not known on it."""
    known = [one for one in standing(store, snapshots, as_of) if one.proposal.made_at.date() <= as_of]
    waiting = [one for one in known if one.state is State.PROPOSED]
    in_force = [one for one in known if one.state is State.ADOPTED]
    return OverridesForReview(
        as_of,
        tuple(sorted(waiting, key=_dearest)),
        tuple(sorted(in_force, key=lambda one: (one.valid_to or date.max, one.proposal.id))),
    )


def _dearest(one: Standing) -> tuple[bool, int, str]:
    worth = one.proposal.worth
    return worth is None, 0 if worth is None else -worth.cents, one.proposal.id
