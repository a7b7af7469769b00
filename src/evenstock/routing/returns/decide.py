"""Which node takes back what a customer returns, by which service, or whether he keeps it: the least cost of all ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from evenstock.domain import Barred, Cents, CostTerm, Node, NodeId, Sku
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.returns.asked import CustomerReturn, ReturnedLine, ReturnTerms
from evenstock.routing.returns.parcel import Question, ReturnParcel, kept, no_item

SHOWN: Final = 3
"""Differences named one by one."""


@dataclass(frozen=True, slots=True)
class ReturnPlan:
    """Parcels, and lines that stay with the customer."""

    parcels: tuple[ReturnParcel, ...]
    kept: tuple[ReturnedLine, ...] = ()
    kept_terms: tuple[CostTerm, ...] = ()

    @property
    def cents(self) -> Cents:
        """What it costs, refunds apart; below zero where it brings more than it costs."""
        return Cents(sum(p.cents for p in self.parcels) + sum(term.cents for term in self.kept_terms))

    @property
    def by_term(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for term in (*(t for p in self.parcels for t in p.terms), *self.kept_terms):
            found[term.name] = found.get(term.name, 0) + term.cents
        return found

    @property
    def words(self) -> str:
        """Where it goes: ``TX by ups:return, keep 2``."""
        said = [f"{p.node} by {p.service}" for p in self.parcels]
        if self.kept:
            said.append("keep " + (", ".join(line.id for line in self.kept) if self.parcels else "it"))
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class ReturnDecision:
    """The same inputs give the same bytes of `canonical_json`."""

    asked: CustomerReturn
    choice: ReturnPlan | None
    """None where no node may take it and it may not be kept."""
    alternatives: tuple[ReturnPlan, ...]
    """The best plan of each node, with everything going back and with some of it kept, and to keep all; cheapest first."""
    barred: tuple[Barred, ...]
    sentence: str


def decide_return(
    asked: CustomerReturn,
    network: ShippingNetwork,
    price_cents: Mapping[tuple[Sku, NodeId], int],
    terms: ReturnTerms,
    on: date,
) -> ReturnDecision:
    """The plan of least cost over every way to part the lines among parcels, nodes and services, and to leave lines with the
    customer; exact, and the same again for the same inputs.

    A unit brings, with the chance that it can be sold again, what one more unit is worth at the node (`price_cents`, beyond its
    cost) and its cost, which need not be spent on another; else its salvage. Against it stand the label, handling, the money
    bound under way, and carbon where it has a price. The refund is paid either way and is no term. Of equal plans the one with
    fewer parcels is taken, then the first by node and service; of keeping and returning at the same cost, keeping.

    Parameters
    ----------
    price_cents : value of one more unit by item and node, as routing's price table has it; what is not named is 0.
    on : day the parcel leaves: rate cards in force on it apply.

    Notes
    -----
    With n lines there are 2^n sets that may travel together and 3^n ways to split them off one another: half a second for the
    eight lines that a return may have, at eight nodes with three services; one line takes two milliseconds.

    Raises
    ------
    ValueError
        If a line's item or a service of the terms is unknown.
    """
    wrong = no_item(asked, network.items)
    unknown = sorted(set(terms.services) - set(network.book.services))
    if wrong or unknown:
        raise ValueError(
            wrong or f"return terms: no rate card for {', '.join(unknown)}; import it, or correct the name"
        )
    # By line id, so that a plan does not depend on how the return lists them.
    asked = replace(asked, lines=tuple(sorted(asked.lines, key=lambda line: line.id)))
    items = tuple(network.items[line.sku] for line in asked.lines)
    services = tuple(sorted(terms.services)) or network.book.services
    question = Question(asked, items, network, price_cents, terms, on, services)
    open_nodes, barred = _open(question)
    choice = _best(question, tuple(open_nodes))
    others = [_best(question, (node,), keep=keep) for node in open_nodes for keep in (False, True)]
    found = [plan for plan in (*others, _best(question, ())) if plan is not None and plan != choice]
    alternatives = sorted(dict.fromkeys(found), key=lambda plan: (plan.cents, len(plan.parcels), plan.words))
    return ReturnDecision(asked, choice, tuple(alternatives), barred, _sentence(choice, alternatives, barred, question))


def _open(question: Question) -> tuple[list[Node], tuple[Barred, ...]]:
    """Nodes that may take some line by some service, and what bars the rest."""
    found, barred = [], []
    for node in question.network.nodes:
        rule, because = question.barred(node)
        if rule:
            barred.append(Barred(node.id, "", rule, because))
            continue
        lacking = [question.uncertified(node, k) for k in range(len(question.items))]
        barred += [Barred(node.id, "", "certification", because) for because in dict.fromkeys(filter(None, lacking))]
        if all(lacking):
            continue
        may = [k for k, why in enumerate(lacking) if not why]
        rated = [s for s in question.services if any(question.parcel((k,), node, s) for k in may)]
        barred += [
            Barred(node.id, service, "rates", f"{service} has no rate from {question.asked.postal_code} to {node.id}")
            for service in question.services
            if service not in rated
        ]
        if rated:
            found.append(node)
    return found, tuple(barred)


_Part = tuple[str, str, tuple[int, ...]]
"""Node, service and lines of a parcel."""
_Key = tuple[int, int, tuple[_Part, ...]]
"""Cents, parcels and the parts: the least is the plan."""


def _best(question: Question, nodes: tuple[Node, ...], *, keep: bool = True) -> ReturnPlan | None:
    """The least of all plans that use these nodes alone, keeping lines or not; None where there is none."""
    lines, every = question.asked.lines, range(len(question.asked.lines))
    made: dict[_Part, ReturnParcel] = {}
    keeps = [
        None if not keep or question.terms.may_keep(line, item) else sum(t.cents for t in kept(question.terms))
        for line, item in zip(lines, question.items, strict=True)
    ]

    @cache
    def together(mask: int) -> tuple[int, _Part] | None:
        """The cheapest parcel of these lines."""
        inside = tuple(k for k in every if mask >> k & 1)
        found: list[tuple[int, _Part]] = []
        for node in nodes:
            if any(question.uncertified(node, k) for k in inside):
                continue
            for service in question.services:
                parcel = question.parcel(inside, node, service)
                if parcel is not None:
                    part = (str(node.id), service, inside)
                    made[part] = parcel
                    found.append((parcel.cents, part))
        return min(found, default=None)

    @cache
    def least(mask: int, parcels: int) -> _Key | None:
        """The best for these lines with at most so many parcels: the first line is kept, or shares one with some of the rest."""
        if not mask:
            return 0, 0, ()
        first = mask & -mask
        found: list[_Key] = []
        stays = keeps[first.bit_length() - 1]
        rest = least(mask ^ first, parcels)
        if stays is not None and rest is not None:
            found.append((rest[0] + stays, rest[1], rest[2]))
        others = mask ^ first
        some = others
        while parcels:
            one, rest = together(some | first), least(others ^ some, parcels - 1)
            if one is not None and rest is not None:
                found.append((one[0] + rest[0], rest[1] + 1, tuple(sorted((one[1], *rest[2])))))
            if not some:
                break
            some = (some - 1) & others
        return min(found, default=None)

    best = least((1 << len(lines)) - 1, question.terms.most_parcels if nodes else 0)
    if best is None:
        return None
    sent = {k for _, _, inside in best[2] for k in inside}
    stay = tuple(line for k, line in enumerate(lines) if k not in sent)
    return ReturnPlan(tuple(made[part] for part in best[2]), stay, tuple(t for _ in stay for t in kept(question.terms)))


def _sentence(
    choice: ReturnPlan | None, alternatives: list[ReturnPlan], barred: tuple[Barred, ...], question: Question
) -> str:
    """The choice, what it brings term by term, and what the next best would."""
    if choice is None:
        why = "; ".join(dict.fromkeys(b.because for b in barred)) or "no service has a rate"
        keep = next(filter(None, map(question.terms.may_keep, question.asked.lines, question.items)), "")
        return f"no way back: {why}" + (f"; {keep}" if keep else "") + "."
    said = f"{choice.words}: {_worth(choice.cents)}"
    terms = [f"{name} {_signed(-cents)}" for name, cents in choice.by_term.items()]
    if terms:
        said += f" ({', '.join(terms)})"
    if alternatives:
        said += (
            f"; next best {alternatives[0].words} {_worth(alternatives[0].cents)}: {_against(choice, alternatives[0])}"
        )
    stale = sorted({parcel.stale for parcel in choice.parcels if parcel.stale})
    return said + "".join(f"; {sentence}" for sentence in stale) + "."


def _against(choice: ReturnPlan, other: ReturnPlan) -> str:
    """What the other plan brings more or less of, the largest first; the differences shown add up to that of the totals."""
    ours, theirs = choice.by_term, other.by_term
    names = list(dict.fromkeys((*ours, *theirs)))
    more = [(ours.get(name, 0) - theirs.get(name, 0), name) for name in names]
    more = sorted((d for d in more if d[0]), key=lambda d: (-abs(d[0]), names.index(d[1])))
    shown = [f"{name} {_signed(cents)}" for cents, name in more[:SHOWN]]
    rest = sum(cents for cents, _ in more[SHOWN:])
    return ", ".join([*shown, f"other {_signed(rest)}"] if rest else shown) or "a tie"


def _worth(cents: int) -> str:
    if not cents:
        return "costs nothing"
    return f"brings {-cents / 100:.2f}" if cents < 0 else f"costs {cents / 100:.2f}"


def _signed(cents: int) -> str:
    return f"{cents / 100:+.2f}"
