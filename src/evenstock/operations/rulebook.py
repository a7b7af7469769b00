"""The company's rules as versions: proposed, activated, in force, taken back in one step; each kept for ever.

A version is a snapshot and never changes. Which one is in force is said by the pointer `rules`, which names the latest
activation; it takes the place of the imported table `rules`. Rolling back returns to what was in force before, at the
beginning to that table. `activate_rules` refuses a version that cannot be used with today's network, and one whose law
contradicts itself unless a person says why it must be so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import polars as pl

from evenstock import policy as rules
from evenstock.domain import Allow, Event, Order, Policy, Refuse, Rule, digest, refuse_naive, rfc3339
from evenstock.operations.approvals import approved_by
from evenstock.operations.audit.enacted import say_enacted
from evenstock.operations.autonomy.evidence import Simulated, require_simulated, simulated
from evenstock.operations.autonomy.keeping import stages_in_force
from evenstock.operations.network import (
    Network,
    items_from_frame,
    nodes_from_frame,
    orders_from_frame,
    policy_from_frames,
    rates_from_frames,
)
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError, Transaction
from evenstock.operations.rates.in_force import imported_rates, with_rates
from evenstock.policy import text
from evenstock.policy.lint import Finding, Sample, lint
from evenstock.routing.candidates import candidates, refusal
from evenstock.routing.network import ShippingNetwork

POINTER: Final = "rules"
"""Names the latest activation."""
PROPOSED: Final = "rules proposed"
"""Names the latest proposal."""
_TRIES: Final = 5
_RULES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "place": pl.Int64,
    "rule": pl.String,
    "kind": pl.String,
    "hard": pl.Boolean,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "because": pl.String,
    "owner": pl.String,
}
_PARAMETERS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "place": pl.Int64,
    "number": pl.Int64,
    "name": pl.String,
    "value": pl.String,
}
_SAID: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "version": pl.String,
    "name": pl.String,
    "text": pl.String,
    "by": pl.String,
    "because": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "previous": pl.String,
}
_ACTIVATION: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "deed": pl.String,
    "version": pl.String,
    "kept": pl.String,
    "by": pl.String,
    "because": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "forced": pl.Boolean,
    "before": pl.String,
    "previous": pl.String,
}


class Deed(StrEnum):
    ACTIVATED = "activated"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Version:
    """One wording of the rules."""

    id: str
    """Twelve digits of the digest of its words and its rules."""
    policy: Policy
    text: str
    """As it was written, with its comments."""
    by: str
    because: str
    at: datetime
    kept: str
    """The snapshot it is kept in."""
    previous: str = ""
    """Snapshot of the proposal before it; empty for the first."""


@dataclass(frozen=True, slots=True)
class Activation:
    """From `at` on this version is in force; never changed, only followed by another."""

    deed: Deed
    version: str
    """Id of the version in force from now on; empty where the imported table is."""
    kept: str
    """Its snapshot; empty with it."""
    by: str
    because: str
    at: datetime
    forced: bool = False
    """Whether a person put it in force although its law contradicts itself, or without the simulation asked for."""
    before: str = ""
    """Snapshot of the activation to which a roll-back returns; empty for the imported table."""
    previous: str = ""
    """Snapshot of the deed before this one; empty for the first."""
    evidence: str = ""
    """Snapshot of the simulation it rests on; empty where there was none."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said of a policy before it counts."""

    verdict: Allow | Refuse
    """Refused where it cannot be used, or where its law contradicts itself."""
    findings: tuple[Finding, ...] = ()
    usable: bool = True
    """Whether every rule can be read with today's network: nobody can override that."""


@dataclass(frozen=True, slots=True)
class Activated:
    """What became of an activation."""

    checked: Checked
    activation: Activation | None
    """None where it was refused."""
    simulated: Simulated | None = None
    """What these rules would have done to the orders before, where that was tried."""


def propose_rules(
    store: Store, snapshots: Snapshots, said: str | Policy, *, by: str, because: str, now: datetime
) -> Version:
    """Keep a wording of the rules, as text or as objects; the same words again are the version they were before.

    Raises
    ------
    PolicyTextError
        If the text cannot be read: each problem with line and column.
    ValueError
        If nobody says who proposes it and why, or a policy given as objects could not be written as text.
    """
    refuse_naive(now, "now")
    _refuse_nobody(by, because)
    words = said if isinstance(said, str) else text.write(said)
    meant = text.parse(words) if isinstance(said, str) else text.canonical(said)
    name = digest([words, meant.digest()]).removeprefix("sha256:")[:12]
    for tried in range(_TRIES):
        with store.reading() as books:
            known, seen = books.pointer(f"rules:{name}"), books.pointer(PROPOSED)
        if known is not None:
            return _version(snapshots, known)
        version = Version(name, meant, words, by.strip(), because.strip(), now, "", seen or "")
        kept = snapshots.take(_frames(version))
        body = {"version": name, "rules": len(meant.rules), "by": version.by, "because": version.because}
        try:
            with store.transaction() as books:
                books.repoint(PROPOSED, seen, kept, now)
                books.repoint(f"rules:{name}", None, kept, now)
                books.publish([Event(f"rules:{name}:proposed", "RulesProposed", "rules", now, body)])
        except ConflictError:
            # Somebody proposed at the same time: theirs came first, and ours follows it.
            if tried == _TRIES - 1:
                raise
        else:
            return replace(version, kept=kept)
    raise AssertionError("unreachable")  # pragma: no cover


def activate_rules(
    store: Store,
    snapshots: Snapshots,
    version: str,
    *,
    by: str,
    now: datetime,
    because: str = "",
    force: bool = False,
    sample: Sequence[Sample] = (),
) -> Activated:
    """Put a version in force from now on, in place of the imported table; the one in force already is left as it is.

    Refused, and nothing changed, where a rule cannot be used with today's network, and where law contradicts itself unless
    `force` comes with a reason. `version` may be shortened as long as it is one version's alone.

    Raises
    ------
    NotSimulatedError
        If the company asks for a simulation of these very rules against those in force, there is none, and nothing is forced.
    StoreError
        If there is no such version, or no network.
    ValueError
        If nobody says who activates it, or `force` comes without a reason.
    ConflictError
        If somebody else changed what is in force at the same time.
    """
    refuse_naive(now, "now")
    if force and not because.strip():
        raise ValueError("to activate rules that contradict each other, say why")
    found = version_of(store, snapshots, version)
    _refuse_nobody(by, because or found.because)
    with store.reading() as books:
        seen = books.pointer(POINTER)
    current = _activation(snapshots, seen) if seen else None
    frames = network_frames(store, snapshots)
    checked = check_rules(found.policy, frames, now.date(), sample)
    if not checked.usable or (isinstance(checked.verdict, Refuse) and not force):
        return Activated(checked, None)
    if current is not None and current.kept == found.kept:
        return Activated(checked, current)
    tried, missing = _tried(store, snapshots, found.policy, frames, force=force)
    activation = Activation(
        Deed.ACTIVATED, found.id, found.kept, by.strip(), because.strip() or found.because, now,
        isinstance(checked.verdict, Refuse) or missing, seen or "", seen or "", tried.kept if tried else "",
    )  # fmt: skip
    _put(store, snapshots, activation, seen, found.policy, _countries(frames))
    return Activated(checked, activation, tried)


def _tried(
    store: Store, snapshots: Snapshots, wanted: Policy, frames: Mapping[str, pl.DataFrame], *, force: bool
) -> tuple[Simulated | None, bool]:
    """The simulation of these rules, where one was kept, and whether one is asked for and missing."""
    with store.reading() as books:
        asks = stages_in_force(books, snapshots).asks_evidence
        found = simulated(books, snapshots, wanted.digest())
        against = policy_in_force(books, snapshots, frames).digest()
    if asks and not force:
        how = "try them with `evenstock rules simulate VERSION`"
        require_simulated(found, of=wanted.digest(), against=against, how=how)
    return found, asks and (found is None or found.against != against)


def roll_back_rules(store: Store, snapshots: Snapshots, *, by: str, because: str, now: datetime) -> Activation:
    """Return to what was in force before this version, in one step; before the first to the imported table.

    Raises
    ------
    StoreError
        If nothing was activated here, or the rules it would return to cannot be used with today's network.
    """
    refuse_naive(now, "now")
    _refuse_nobody(by, because)
    with store.reading() as books:
        seen = books.pointer(POINTER)
    current = _activation(snapshots, seen) if seen else None
    if current is None or not current.version:
        raise StoreError("no version is in force to roll back: the imported rules hold already")
    before = _activation(snapshots, current.before) if current.before else None
    return return_to_rules(store, snapshots, before, by=by, because=because, now=now)


def return_to_rules(
    store: Store, snapshots: Snapshots, before: Activation | None, *, by: str, because: str, now: datetime
) -> Activation:
    """Put what an earlier deed had put in force into force again; None: the imported table.

    Raises
    ------
    StoreError
        If those rules cannot be used with today's network.
    ConflictError
        If somebody else changed what is in force at the same time.
    """
    with store.reading() as books:
        seen = books.pointer(POINTER)
    frames = network_frames(store, snapshots)
    meant = _version(snapshots, before.kept).policy if before and before.kept else policy_from_frames(frames)
    checked = check_rules(meant, frames, now.date())
    if not checked.usable:
        assert isinstance(checked.verdict, Refuse)
        raise StoreError(
            f"the rules before cannot be used any more; activate a corrected version\n{checked.verdict.because}"
        )
    activation = Activation(
        Deed.ROLLED_BACK, before.version if before else "", before.kept if before else "", by.strip(), because.strip(),
        now, bool(before and before.forced), before.before if before else "", seen or "",
    )  # fmt: skip
    _put(store, snapshots, activation, seen, meant, _countries(frames))
    return activation


def rules_in_force(books: Transaction, snapshots: Snapshots) -> Version | None:
    """The version in force; None where the imported table is, or the default policy."""
    seen = books.pointer(POINTER)
    activation = _activation(snapshots, seen) if seen else None
    return _version(snapshots, activation.kept) if activation is not None and activation.kept else None


def policy_in_force(books: Transaction, snapshots: Snapshots, frames: Mapping[str, pl.DataFrame]) -> Policy:
    """The rules that count: the version in force, else the table of the network's frames, else the default policy."""
    version = rules_in_force(books, snapshots)
    return version.policy if version is not None else policy_from_frames(frames)


def history(store: Store, snapshots: Snapshots) -> list[Activation]:
    """Every activation and roll-back, oldest first."""
    with store.reading() as books:
        at = books.pointer(POINTER)
    chain = []
    while at:
        chain.append(_activation(snapshots, at))
        at = chain[-1].previous
    return chain[::-1]


def proposals(store: Store, snapshots: Snapshots) -> list[Version]:
    """Every version ever proposed, oldest first."""
    with store.reading() as books:
        at = books.pointer(PROPOSED)
    chain = []
    while at:
        chain.append(_version(snapshots, at))
        at = chain[-1].previous
    return chain[::-1]


def version_of(store: Store, snapshots: Snapshots, name: str) -> Version:
    """The version of this id, or of an id that begins so. Raises StoreError if there is none, or more than one."""
    with store.reading() as books:
        known = books.pointer(f"rules:{name}")
    if known is not None:
        return _version(snapshots, known)
    every = proposals(store, snapshots)
    found = [version for version in every if name and version.id.startswith(name)]
    if len(found) != 1:
        there = ", ".join(version.id for version in every[-5:]) or "none was proposed"
        raise StoreError(f"{len(found) or 'no'} versions of the rules are named {name!r}; there is {there}")
    return found[0]


def check_rules(policy: Policy, frames: Mapping[str, pl.DataFrame], on: date, sample: Sequence[Sample] = ()) -> Checked:
    """Whether a policy can be used with this network, and what lint finds in it."""
    try:
        compiled = compile_with(policy, frames)
    except ValueError as wrong:
        return Checked(Refuse(str(wrong)), usable=False)
    findings = lint(compiled, on, sample)
    against = [finding for finding in findings if finding.law]
    if not against:
        return Checked(Allow(), findings)
    because = "; ".join(f"{finding.sentence}, such as {finding.evidence}" for finding in against)
    return Checked(Refuse(f"law contradicts itself: {because}"), findings)


def compile_with(policy: Policy, frames: Mapping[str, pl.DataFrame]) -> rules.CompiledPolicy:
    """The policy against the nodes, items and services of a network's frames. Raises ValueError as `policy.compile`."""
    rates = rates_from_frames(frames)
    return rules.compile(
        policy,
        {node.id: node for node in nodes_from_frame(frames["nodes"])},
        {item.sku: item for item in items_from_frame(frames["items"])},
        rates.services if rates else (),
    )


def network_frames(store: Store, snapshots: Snapshots) -> dict[str, pl.DataFrame]:
    """Tables of the network with the rates in force. Raises StoreError if there is none."""
    with store.reading() as books:
        at, rates = books.pointer("network"), imported_rates(books, snapshots)
    if at is None:
        raise StoreError("no network yet: rules are checked against its nodes and items; import it first")
    return with_rates(snapshots.read(at), rates)


def sample_of(orders: Sequence[Order], network: ShippingNetwork, now: datetime) -> list[Sample]:
    """Past orders as if they came now, each with every way to ship it, for lint. Orders nobody could decide about are left out."""
    found = []
    for past in orders:
        order = as_if_now(past, now)
        if refusal(order, network):
            continue
        asked = candidates(order, network, now, {})
        facts = rules.CandidateFacts(
            asked.on, asked.on_time, asked.slots_left, asked.transit_days_p95, asked.service_slots_left
        )
        found.append(Sample(replace(order, lines=asked.lines), asked.items, asked.ways, facts))
    return found


def recent_sample(store: Store, snapshots: Snapshots, now: datetime, count: int = 500) -> list[Sample]:
    """The latest imported orders as `sample_of` sees them; empty where there are none, or nothing can ship by parcel."""
    with store.reading() as books:
        at, network_at = books.pointer("orders"), books.pointer("network")
    if at is None or network_at is None:
        return []
    frames = {name: frame for name, frame in snapshots.read(network_at).items() if name != "rules"}
    network = Network.from_frames(frames)
    if network.rates is None:
        return []
    return sample_of(orders_from_frame(snapshots.read(at)["orders"])[-count:], network.shipping(network_at), now)


def as_if_now(order: Order, now: datetime) -> Order:
    """The order placed now, with as many days to its promise as it had."""
    promise = order.promise
    if promise is not None:
        days = max((promise.deliver_by - order.placed_at.date()).days, 0)
        promise = replace(promise, deliver_by=now.date() + timedelta(days=days))
    return replace(order, placed_at=now, promise=promise)


def _refuse_nobody(by: str, because: str) -> None:
    if not by.strip() or not because.strip():
        raise ValueError("rules change by somebody and for a reason: say who and why")


def _countries(frames: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    return {node.id: node.country for node in nodes_from_frame(frames["nodes"])}


def _put(
    store: Store,
    snapshots: Snapshots,
    activation: Activation,
    seen: str | None,
    meant: Policy,
    countries: Mapping[str, str],
) -> None:
    row = (
        activation.deed.value, activation.version, activation.kept, activation.by, activation.because, activation.at,
        activation.forced, activation.before, activation.previous,
    )  # fmt: skip
    frames = {"activation": pl.DataFrame([row], schema=_ACTIVATION, orient="row")}
    if activation.evidence:
        frames["evidence"] = pl.DataFrame({"simulated": [activation.evidence]})
    kept = snapshots.take(frames)
    body = {
        "version": activation.version,
        "deed": activation.deed.value,
        "by": activation.by,
        "because": activation.because,
        "forced": activation.forced,
    }
    name = f"rules:{activation.deed.value}:{rfc3339(activation.at)}:{kept.removeprefix('sha256:')[:12]}"
    with store.transaction() as books:
        if activation.deed is Deed.ACTIVATED:
            approved_by(books, f"rules:{activation.version}", activation.kept, activation.by, activation.at)
        books.repoint(POINTER, seen, kept, activation.at)
        say_enacted(books, meant, activation.version, countries)
        books.publish([Event(name, "RulesActivated", "rules", activation.at, body)])


def _activation(snapshots: Snapshots, kept: str) -> Activation:
    frames = snapshots.read(kept)
    row = frames["activation"].row(0, named=True)
    evidence = frames["evidence"].item() if "evidence" in frames else ""
    return Activation(**(row | {"deed": Deed(row["deed"])}), evidence=evidence)


def _frames(version: Version) -> dict[str, pl.DataFrame]:
    listed = enumerate(version.policy.rules)
    rows = [
        (place, r.id, r.kind, r.hard, _day(r.valid_from, date.min), _day(r.valid_to, date.max), r.because, r.owner)
        for place, r in listed
    ]
    parameters = [
        (place, number, name, value)
        for place, rule in enumerate(version.policy.rules)
        for number, (name, value) in enumerate(rule.parameters)
    ]
    said = (
        version.id, version.policy.name, version.text, version.by, version.because, version.at, version.previous,
    )  # fmt: skip
    return {
        "rules": pl.DataFrame(rows, schema=_RULES, orient="row"),
        "parameters": pl.DataFrame(parameters, schema=_PARAMETERS, orient="row"),
        "said": pl.DataFrame([said], schema=_SAID, orient="row"),
    }


def _version(snapshots: Snapshots, kept: str) -> Version:
    frames = snapshots.read(kept)
    given: dict[int, list[tuple[str, str]]] = {}
    for row in frames["parameters"].sort("place", "number").iter_rows(named=True):
        given.setdefault(row["place"], []).append((row["name"], row["value"]))
    listed = tuple(
        Rule(
            row["rule"], row["kind"], tuple(given.get(row["place"], ())), row["hard"], row["valid_from"] or date.min,
            row["valid_to"] or date.max, row["because"], row["owner"],
        )
        for row in frames["rules"].sort("place").iter_rows(named=True)
    )  # fmt: skip
    said = frames["said"].row(0, named=True)
    return Version(
        said["version"], Policy(said["name"], listed), said["text"], said["by"], said["because"], said["at"], kept,
        said["previous"],
    )  # fmt: skip


def _day(day: date, open_end: date) -> date | None:
    return None if day == open_end else day
