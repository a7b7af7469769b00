"""What a person does with a proposed carrier override: adopt it, reject it, or end it before its last day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from evenstock.domain import Event, Policy, Refuse, Rule, refuse_naive
from evenstock.operations.carrier_overrides.asking import may_adopt
from evenstock.operations.carrier_overrides.keeping import Kept, change, one, state_of
from evenstock.operations.carrier_overrides.proposal import RULE, WEEKS, Form, Standing, State, rule_of
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError, Transaction
from evenstock.operations.rulebook import activate_rules, network_frames, policy_in_force, propose_rules

MOST_WEEKS = 26


def adopt_override(
    store: Store, snapshots: Snapshots, name: str, *, by: str, now: datetime, weeks: int = WEEKS, because: str = ""
) -> Standing:
    """Put a proposal in force from today; it ends by itself after `weeks` weeks.

    One in the form of a rule is a new version of the rules in force, with all others as they are and without overrides
    whose days have passed: every decision that it changes names it, and `evenstock rules rollback` takes it back. One in
    the form of a price changes the days and losses of its lanes from the next time the company is loaded.

    Raises
    ------
    StoreError
        If there is no such proposal, it is not open any more, or its rule cannot be used with today's network; if the rules
        in force refuse it, or ask for people who have not agreed.
    ValueError
        If nobody says who adopts it, or for a number of weeks that is not 1 to 26.
    """
    refuse_naive(now, "now")
    if not 1 <= weeks <= MOST_WEEKS:
        raise ValueError(
            f"an override lasts 1 to {MOST_WEEKS} weeks, not {weeks}: what fails for longer belongs into the rules"
        )
    first = now.date()
    last = first + timedelta(weeks=weeks) - timedelta(days=1)
    found = _open(store, snapshots, name, by, first)
    said = because.strip() or found.proposal.sentence
    adopted = may_adopt(store, snapshots, found.proposal, weeks, by, now)
    if found.proposal.form is Form.RULE:
        rule = rule_of(found.proposal, first, last, by.strip())
        why = f"carrier override {found.proposal.id}: {said}"
        _with_rules(store, snapshots, [rule], drop="", by=by, because=why, now=now)
    return _done(store, snapshots, found, State.ADOPTED, by, said, now, first, last, adopted)


def reject_override(store: Store, snapshots: Snapshots, name: str, *, by: str, because: str, now: datetime) -> Standing:
    """Say no to a proposal; the same failing is not proposed again for four weeks. Raises as `adopt_override`."""
    refuse_naive(now, "now")
    if not because.strip():
        raise ValueError(f"carrier override {name}: say why it is rejected")
    found = _open(store, snapshots, name, by, now.date())
    return _done(store, snapshots, found, State.REJECTED, by, because.strip(), now, None, None)


def end_override(store: Store, snapshots: Snapshots, name: str, *, by: str, because: str, now: datetime) -> Standing:
    """Take an override out of force from now on, such as when the carrier has mended what failed. Raises as `adopt_override`."""
    refuse_naive(now, "now")
    if not by.strip() or not because.strip():
        raise ValueError(f"carrier override {name}: say by whom it is ended and why")
    found = one(store, snapshots, name, now.date())
    if found.state is not State.ADOPTED:
        raise StoreError(f"carrier override {found.proposal.id} is {found.state}: only one in force can be ended")
    said = f"carrier override {found.proposal.id} ended: {because.strip()}"
    if found.proposal.form is Form.RULE:
        _with_rules(store, snapshots, [], drop=found.proposal.rule, by=by, because=said, now=now)
    return _done(store, snapshots, found, State.ENDED, by, because.strip(), now, found.valid_from, now.date())


def _open(store: Store, snapshots: Snapshots, name: str, by: str, on: date) -> Standing:
    if not by.strip():
        raise ValueError(f"carrier override {name}: say by whom it is answered")
    found = one(store, snapshots, name, on)
    if found.state is not State.PROPOSED:
        raise StoreError(
            f"carrier override {found.proposal.id} is {found.state}"
            + (f" by {found.by}" if found.by else "")
            + ": only an open proposal can be answered"
        )
    return found


def _with_rules(
    store: Store, snapshots: Snapshots, new: list[Rule], *, drop: str, by: str, because: str, now: datetime
) -> None:
    """Put the policy in force with further rules, without one, and without overrides that are over."""
    frames = network_frames(store, snapshots)
    with store.reading() as books:
        policy = policy_in_force(books, snapshots, frames)
    kept = tuple(rule for rule in policy.rules if rule.id != drop and not over(rule, now.date()))
    if (*kept, *new) == policy.rules:
        return
    names = {rule.id for rule in new}
    meant = Policy(policy.name, (*(rule for rule in kept if rule.id not in names), *new))
    version = propose_rules(store, snapshots, meant, by=by, because=because, now=now)
    # Law that contradicts itself already is no news, and a wish cannot add to it.
    done = activate_rules(store, snapshots, version.id, by=by, because=because, now=now, force=True)
    if done.activation is None:
        verdict = done.checked.verdict
        raise StoreError(f"the rule cannot be used: {verdict.because if isinstance(verdict, Refuse) else ''}")


def over(rule: Rule, on: date) -> bool:
    """Whether a rule is an override whose last day has passed."""
    return rule.id.startswith(RULE) and rule.valid_to < on


def _done(
    store: Store, snapshots: Snapshots, found: Standing, state: State, by: str, because: str, now: datetime,
    first: date | None, last: date | None, within: Callable[[Transaction], None] = lambda _books: None,
) -> Standing:  # fmt: skip
    name = found.proposal.id
    deed = {
        "override": name, "deed": state.value, "by": by.strip(), "because": because, "at": now, "valid_from": first,
        "valid_to": last,
    }  # fmt: skip

    def add(kept: Kept) -> Kept:
        before = state_of(found.proposal, kept, now.date())
        if before.state is not found.state:
            raise ConflictError(f"carrier override {name} was answered meanwhile: it is {before.state}")
        return kept.with_deed(deed)

    body = {"override": name, "by": by.strip(), "because": because}
    kind = f"CarrierOverride{state.value.capitalize()}"
    change(
        store, snapshots, add,
        [Event(f"carrier-override:{name}:{state.value}", kind, f"carrier-override:{name}", now, body)], now, within,
    )  # fmt: skip
    return replace(found, state=state, by=by.strip(), because=because, at=now, valid_from=first, valid_to=last)
