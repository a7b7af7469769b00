"""One recorded decision decided again from its own inputs, and held against its record byte for byte.

What decided is what decides again: the operation itself, over books that answer as they did. Its record names the code that
made it: another version's is told so and not compared, for a rule that was mended since decides otherwise, and rightly.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from evenstock.domain import Case, CaseId, CaseKind, DecisionId, DecisionRecord, Layer, Order, OrderId
from evenstock.domain.canonical import digest_of
from evenstock.operations.access.limits import Limits
from evenstock.operations.audit.who import Who, acting
from evenstock.operations.autonomy.actor import PROGRAM
from evenstock.operations.company import Company
from evenstock.operations.deciding import CODE, decide_order
from evenstock.operations.decisions import decision_from
from evenstock.operations.personal_data.erasing import erased
from evenstock.operations.ports import Snapshots, StoreError, Transaction
from evenstock.operations.queue import PLAN_OF, Overriding, executed, override_from
from evenstock.operations.replaying.as_it_was import BooksAsTheyWere
from evenstock.operations.replaying.company_then import PointersThen, origin_kept
from evenstock.operations.replaying.difference import first_difference
from evenstock.operations.replaying.kept_inputs import KeptInputs, inputs_from, inputs_key
from evenstock.operations.replaying.standing_then import standing_from
from evenstock.operations.reroute import Reroute, reroute_from
from evenstock.operations.roll_out import RollOut, roll_out_in_force
from evenstock.operations.route_order import route_order
from evenstock.operations.route_pool import pool_decider
from evenstock.operations.substitution import Substitutes, allowed_substitutes
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

_COMPANIES: Final = 4
"""Companies at hand: decisions come in the order recorded, and one serves thousands of them."""


@dataclass(frozen=True, slots=True)
class CompanyThen:
    """Everything a decision needs beside the books, as it was."""

    shipping: ShippingNetwork
    policy: CompiledPolicy
    stage: RollOut
    substitutes: Substitutes


@dataclass(frozen=True, slots=True)
class Asked:
    """A recorded decision with what was kept of its inputs: all that is needed to decide it again anywhere."""

    record: bytes
    inputs: bytes | None
    order: Order | None
    """As the books keep it."""
    before: bytes | None = None
    """The record that a person's answer or a new decision follows."""
    origin: str = ""
    """Digest of the company's versions; empty where it follows from the record before alone."""
    erased_at: str = ""
    """When what the order said of a person was erased; empty where it was not."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision beside the one that the same inputs give now."""

    decision: DecisionId
    digest: str
    digest_again: str = ""
    """Empty where nothing was compared."""
    missing: str = ""
    """Why it could not be decided again; empty where it was."""
    difference: str = ""
    """The first field that is not the same, with both of its values."""

    @property
    def comparable(self) -> bool:
        return not self.missing

    @property
    def equal(self) -> bool:
        return self.comparable and self.digest == self.digest_again

    @property
    def sentence(self) -> str:
        if self.missing:
            return f"It cannot be decided again here: {self.missing}."
        if self.equal:
            return "Decided again from the same inputs, it is the same byte for byte."
        return f"Decided again from the same inputs, it came out otherwise: {self.difference}. Report this."


@dataclass(frozen=True, slots=True)
class Header:
    """What of a record says how to decide it again."""

    decision: DecisionId
    order: OrderId
    decided_at: datetime
    code: str
    layer: Layer
    sentence: str

    @property
    def follows(self) -> str:
        """The decision of which a person, or the deadline, let the plan execute as it was; empty where it is none of these."""
        if self.layer is not Layer.PERSON or not self.sentence.startswith(PLAN_OF):
            return ""
        return self.sentence.removeprefix(PLAN_OF).partition(" executes: ")[0]


def header_of(record: bytes) -> Header:
    """Raises ValueError where the bytes are no decision record."""
    try:
        said = json.loads(record)
        return Header(
            DecisionId(said["id"]),
            OrderId(said["order"]),
            datetime.fromisoformat(said["decided_at"]),
            said["inputs"]["code"],
            Layer(said["layer"]),
            said["sentence"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"these bytes are no decision record: {error!r}") from error


class MissingError(Exception):
    """Says what a decision cannot be decided again without."""


class Replayer:
    """Decides again, with the companies of the last few decisions at hand. For one thread."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._origins: dict[str, PointersThen] = {}
        self._companies: OrderedDict[str, CompanyThen] = OrderedDict()

    def know(self, origins: Mapping[str, PointersThen]) -> None:
        """Versions of companies, by their digest, that decisions name from now on."""
        self._origins.update(origins)

    def replay(self, asked: Asked) -> Replayed:
        said = header_of(asked.record)
        seen = digest_of(asked.record)
        try:
            text = self._again(said, asked).canonical()
        except MissingError as missing:
            return Replayed(said.decision, seen, missing=str(missing))
        except Exception as error:  # noqa: BLE001 (what cannot be decided again was decided once: that is told, not raised)
            return Replayed(said.decision, seen, difference=f"deciding it again fails: {type(error).__name__}: {error}")
        if text == asked.record:
            return Replayed(said.decision, seen, seen)
        return Replayed(said.decision, seen, digest_of(text), difference=first_difference(asked.record, text))

    def _again(self, said: Header, asked: Asked) -> DecisionRecord:
        if said.code != CODE:
            raise MissingError(
                f"version {said.code} of the program decided it, and this is {CODE}: replay it with that version"
            )
        if asked.erased_at:
            raise MissingError(f"what the order said of a person was erased on {asked.erased_at[:10]}")
        if said.follows:
            return _executed(said, asked)
        if asked.inputs is None:
            raise MissingError("its inputs were not kept: it was decided by an earlier version, or outside a company")
        try:
            kept = inputs_from(asked.inputs, asked.order, said.decided_at)
        except ValueError as wrong:
            raise MissingError(str(wrong)) from None
        company = self._company(kept.origin)
        network = company.shipping
        if kept.feeds and network.known is not None:
            network.known = replace(network.known, feeds=kept.feeds)
        who = Who("replay", "system")
        if kept.actor is not None:
            who = Who("replay", kept.actor.kind.value, grants=kept.actor.grants)
        with acting(who):
            return _WAYS[kept.way](company, kept, asked)

    def _company(self, digest: str) -> CompanyThen:
        found = self._companies.get(digest)
        if found is None:
            then = self._origins.get(digest)
            if then is None:
                raise MissingError(f"the versions of the company that it names are not kept: {digest}")
            try:
                found = self._companies[digest] = company_at(then, self._snapshots)
            except StoreError as gone:
                raise MissingError(f"a version of the company that it names is not kept: {gone}") from None
        self._companies.move_to_end(digest)
        if len(self._companies) > _COMPANIES:
            self._companies.popitem(last=False)
        return found


def _route(company: CompanyThen, kept: KeptInputs, _: Asked) -> DecisionRecord:
    then, command, told = BooksAsTheyWere(kept.read), kept.command, kept.more.get("decider")
    route_order(
        then.store, company.shipping, company.policy, command,
        decide=None if told is None else pool_decider(told, command.order, command.now),
        stage=None if kept.more.get("without_stage") else company.stage,
        substitutes=None if kept.more.get("without_substitutes") else company.substitutes,
    )  # fmt: skip
    assert then.record_told is not None
    return then.record_told


def _reroute(company: CompanyThen, kept: KeptInputs, asked: Asked) -> DecisionRecord:
    then, command = BooksAsTheyWere(kept.read), kept.command
    wish = Reroute(
        command.order.id, command.now, command.because, command.without_nodes, command.without_services,
        only_if_saves_cents=kept.more["saves"],
    )  # fmt: skip
    there = standing_from(kept.more, command.order, command.now)
    before = _before(asked)
    return reroute_from(then.books, company.shipping, company.policy, wish, there, before, decide_order).record


def _override(company: CompanyThen, kept: KeptInputs, asked: Asked) -> DecisionRecord:
    then, command, more = BooksAsTheyWere(kept.read), kept.command, kept.more
    (name, step), (nodes, services), now = more["case"], more["ways"], command.now
    case = Case(
        CaseId(name), CaseKind.REVIEW, f"order:{command.order.id}", "it was asked", "", "", "", now, now, step=step
    )  # fmt: skip
    # Whoever decided was allowed to: what he may now is not asked.
    unbounded = Limits(grants=())
    wish = Overriding(
        frozenset(nodes), frozenset(services), more["alternative"], more["by"], more["reason"], now, unbounded
    )  # fmt: skip
    again = Reroute(command.order.id, now, command.because, command.without_nodes, command.without_services)
    there = standing_from(more, command.order, now)
    actor = kept.actor or PROGRAM
    record = override_from(
        then.books, company.shipping, company.policy, case, wish, again, there, _before(asked), actor, decide_order
    ).record
    assert record is not None
    return record


def _executed(record: Header, asked: Asked) -> DecisionRecord:
    """What follows from the plan before it and from nothing else: somebody's word, which the record itself holds."""
    before = _before(asked)
    said = record.sentence.removeprefix(f"{PLAN_OF}{before.id} executes: ").removesuffix(f". {before.sentence}")
    return executed(before, record.decision, said, record.decided_at)


def _before(asked: Asked) -> DecisionRecord:
    if asked.before is None:
        raise MissingError("the decision before it is not in the books")
    return decision_from(asked.before)


_WAYS: Final[Mapping[str, Callable[[CompanyThen, KeptInputs, Asked], DecisionRecord]]] = {
    "route": _route,
    "reroute": _reroute,
    "override": _override,
}


def company_at(then: PointersThen, snapshots: Snapshots) -> CompanyThen:
    """The company loaded again from the versions that it had.

    Raises
    ------
    StoreError
        If a snapshot is gone, or no longer what its name says.
    """
    company = Company.load(then.store(), snapshots, then.on)
    shipping = company.shipping
    # What is decided again is not kept once more.
    shipping.origin = None
    with then.reading() as pointers:
        stage = roll_out_in_force(pointers, snapshots)
    return CompanyThen(shipping, company.network.policy, stage, allowed_substitutes(company.table("substitutes")))


def replay_one(books: Transaction, snapshots: Snapshots, record: bytes) -> Replayed:
    """A single decision; whoever replays many keeps their companies at hand (`replay_many`)."""
    asked, replayer = asked_of(books, record), Replayer(snapshots)
    then = origin_kept(books, asked.origin) if asked.origin else None
    replayer.know({asked.origin: then} if then is not None else {})
    return replayer.replay(asked)


def asked_of(books: Transaction, record: bytes) -> Asked:
    """What was kept of a recorded decision."""
    said = header_of(record)
    done = erased(books, said.order)
    if done is not None:
        return Asked(record, None, None, erased_at=done.erased_at)
    if said.follows:
        return Asked(record, None, None, books.decision(DecisionId(said.follows)))
    inputs = books.recall(inputs_key(said.decision))
    if inputs is None:
        return Asked(record, None, None)
    kept = json.loads(inputs.response)
    more = kept.get("more", {})
    before = books.decision(DecisionId(more["before"])) if "before" in more else None
    return Asked(record, inputs.response, books.order(said.order), before, kept["origin"])
