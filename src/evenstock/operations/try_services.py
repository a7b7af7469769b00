"""Ships some orders by another service on purpose, where that is lawful and harmless, within a week's budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from evenstock.domain import Allow, Cents, Costs, OrderPlan, Propensity, ServiceId
from evenstock.freight.exploration import Exploration, explore
from evenstock.operations.deciding import Question
from evenstock.operations.places import without_excess
from evenstock.operations.roll_out import RollOut
from evenstock.routing.by_other_services import by_other_services
from evenstock.routing.candidates import Candidates
from evenstock.routing.choose import ALTERNATIVES
from evenstock.routing.commitment import whole_by
from evenstock.routing.decide import Decision
from evenstock.routing.term import MILLION

MILLIONTHS_A_BP = 100


def week_of(now: datetime) -> date:
    """The Monday of the moment's week, in UTC."""
    day = now.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def budget_of(costs: Costs) -> Exploration:
    """What the company's costs permit."""
    return Exploration(
        share_millionths=costs.explore_share_bp * MILLIONTHS_A_BP,
        budget_cents=costs.explore_week_cents,
        within_cents=costs.explore_within_cents,
    )


def with_try(
    question: Question,
    found: Candidates,
    decision: Decision,
    stage: RollOut | None = None,
    alone: Callable[[OrderPlan], bool] = lambda _plan: True,
) -> Decision:
    """The decision with its propensity and, for some orders, another service's plan in place of the best.

    Only an order of one shipment is tried, and only where nothing is at stake: the best plan is proven, no wish was given
    up, no person is asked, its confidence passes the gate; and the other plan is one that rules let pass, acts in this stage
    of the roll-out, finds its places in the day, and keeps what the customer was told as probably as it was told, or
    as the best plan does. Which order is tried follows from its id. Where the question did not read what the week has
    spent, the decision comes back as it is.
    """
    spent, best = question.read.tries_cents, decision.plan
    if spent is None or best is None or not _at_ease(question, found, decision, best, stage):
        return decision
    assert decision.pricing is not None
    assert decision.priced is not None
    budget = budget_of(question.network.costs)
    within = min(budget.within_cents, budget.budget_cents - spent)
    others = [
        plan
        for plan in by_other_services(decision.pricing, decision.priced, best, within)
        if _harmless(question, found, decision, best, plan, stage) and alone(plan)
    ]
    plans = [best, *others]
    said = explore(question.command.order.id, [plan.cents for plan in plans], budget, spent_cents=spent)
    among = tuple(_service(plans[k]) for k in said.near)
    propensity = Propensity(said.propensity_millionths, Cents(said.extra_cents), Cents(spent), among)
    if not said.choice:
        return replace(decision, propensity=propensity)
    tried = plans[said.choice]
    alternatives = (best, *(plan for plan in decision.alternatives if plan != tried))[:ALTERNATIVES]
    return replace(
        decision,
        plan=tried,
        alternatives=alternatives,
        propensity=propensity,
        confidence=None,  # what was foretold is of the best plan: of this one nobody reckoned it
        sentence=_sentence(tried, propensity, decision.sentence),
    )


def _at_ease(question: Question, found: Candidates, decision: Decision, best: OrderPlan, stage: RollOut | None) -> bool:
    """Whether the best plan goes out without a person, a wish given up or a doubt."""
    sure = decision.confidence
    return (
        len(best.shipments) == 1
        and decision.proven_least
        and decision.pricing is not None
        and decision.priced is not None
        and not decision.rules
        and not decision.relaxed
        and not decision.asks
        and not decision.takes_protected
        and (sure is None or sure.enough)
        and _passes(question, found, decision, best, stage)
    )


def _harmless(
    question: Question, found: Candidates, decision: Decision, best: OrderPlan, plan: OrderPlan, stage: RollOut | None
) -> bool:
    """Whether another plan is as lawful and keeps the promise as well; one that costs less is none to pay for."""
    return (
        plan.cents >= best.cents
        and _passes(question, found, decision, plan, stage)
        and without_excess(found, question.network, plan, question.read.slots_taken) is None
        and _keeps_promise(question, best, plan)
    )


def _passes(question: Question, found: Candidates, decision: Decision, plan: OrderPlan, stage: RollOut | None) -> bool:
    lets = stage is None or stage.lets(plan)
    return lets and isinstance(question.policy.review(found.order, plan, decision.rules, found.on), Allow)


def _keeps_promise(question: Question, best: OrderPlan, plan: OrderPlan) -> bool:
    order, network = question.command.order, question.network
    if order.promise is None:
        return True
    keeps, before = whole_by(order, plan, network), whole_by(order, best, network)
    told = round(order.promise.probability * MILLION)
    return keeps is not None and keeps >= (told if before is None else min(told, before))


def _sentence(tried: OrderPlan, propensity: Propensity, of_best: str) -> str:
    """What is tried and what it costs beyond the best, which follows."""
    extra = propensity.extra_cents
    costs = f"{extra // 100}.{extra % 100:02d} more than the best" if extra else "no more than the best"
    chance = f"a chance of {propensity.millionths / 10_000:g} %"
    return (
        f"{'+'.join(tried.nodes)} by {_service(tried)}, {tried.cents // 100}.{tried.cents % 100:02d}, tried on purpose to learn "
        f"how that service does: it costs {costs} and had {chance}. The best: {of_best}"
    )


def _service(plan: OrderPlan) -> ServiceId:
    return plan.shipments[0].candidate.service
