"""Whatever the policy: no count changes the books and no line of a night is let go that its verdict does not let go."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.operations.autonomy.governed import acts, audited, under
from tests.operations.test_route_order import NETWORK, ONE, put
from tests.operations.test_transfers import PLAN
from tests.routing.brand import NOW

from evenstock.domain import ActorKind, NodeId, StockObservation, Units
from evenstock.operations.autonomy.actor import PROGRAM
from evenstock.operations.autonomy.asking_of_plans import let_go, rule_on_plan, without_refused
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.autonomy.intended.adjustment import adjustment
from evenstock.operations.autonomy.intended.stock_plan import transfer_line
from evenstock.operations.observe_stock import Outcome, observe_stock

TX, NJ, CA = NodeId("TX"), NodeId("NJ"), NodeId("CA")
LINES = tuple(
    replace(line, sku=ONE, origin=origin, destination=destination, units=Units(units), chance_ppm=sure)
    for line, origin, destination, units, sure in zip(
        PLAN.lines, (TX, NJ, CA, TX), (NJ, CA, TX, CA), (5, 12, 30, 80), (990_000, 700_000, 400_000, 0), strict=True
    )
)


@st.composite
def rules(draw, kind):
    says = draw(st.sampled_from(["automatic", "propose", "refuse", "prohibit"]))
    free = says == "automatic"
    when = draw(
        st.lists(
            st.sampled_from(
                [
                    "node is TX",
                    "region is US",
                    "actor is schedule",
                    f"units {'at most' if free else 'above'} {draw(st.sampled_from([4, 12, 40]))}",
                    f"confidence {'at least' if free else 'below'} {draw(st.sampled_from([30, 75]))}%",
                    "data younger than 1h" if free else "data older than 1h",
                ]
            ),
            max_size=2,
            unique=True,
        )
    )
    who = " for approver" if says == "propose" else ' under "Art. 1"' if says == "prohibit" else ""
    return f"{says} {kind}{who}" + (f" when {' and '.join(when)}" if when else "")


def alone(policy, actions):
    """Whether nothing in the policy asks for anybody, told by the policy itself."""
    said = [(policy.verdict(action, NOW.date()), policy.governs(action.kind, NOW.date())) for action in actions]
    return all(found.automatic or (found.line is None and not governs) for found, governs in said)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(rules("transfer"), min_size=1, max_size=4))
def test_lines_that_go_alone_are_those_that_their_verdict_lets_go(said):
    policy, plan = under(NETWORK, *said), replace(PLAN, lines=LINES)
    with audited().reading() as books:
        ruled = rule_on_plan(books, Governance(policy), plan, NOW, PROGRAM)
    lawful, rest = without_refused(plan, ruled)
    goes, waits = let_go(lawful, rest)
    for line in goes.lines if goes else ():
        actions = transfer_line(PROGRAM, policy, line, NOW)
        assert alone(policy, actions)
        assert policy.verdict(actions[0], NOW.date()).automatic, "where nobody governs nothing goes by itself"
    for line in waits.lines if waits else ():
        assert not policy.verdict(transfer_line(PROGRAM, policy, line, NOW)[0], NOW.date()).automatic
    kept = {*(goes.lines if goes else ()), *(waits.lines if waits else ())}
    assert kept == set(lawful.lines)
    assert len(lawful.notes) == len(LINES) - len(lawful.lines)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(rules("adjust"), min_size=1, max_size=4), st.integers(0, 100))
def test_a_count_that_changes_the_books_is_one_that_its_verdict_lets_go_and_no_count_is_lost(said, units):
    policy, store = under(NETWORK, *said), audited()
    put(store, {(ONE, "TX"): 50})
    seen = StockObservation("wms", ONE, TX, Units(units), NOW, 1)
    (told,) = observe_stock(store, [seen], skus=[ONE], nodes=[TX], now=NOW, rules=Governance(policy))
    action = adjustment(PROGRAM, policy, ONE, TX, units - 50, NOW, NOW)
    assert action.actor is ActorKind.SCHEDULE
    free = units == 50 or alone(policy, [action])
    assert (told.outcome in (Outcome.CHANGED, Outcome.UNCHANGED)) == free
    with store.reading() as books:
        there = sum(balance.on_hand for balance in books.balances([ONE]) if balance.node == TX)
        waits = books.approval_requests()
    assert there == (units if free else 50)
    assert len(waits) == (told.outcome is Outcome.HELD)
    assert len(acts(store)) == (free and units != 50 and policy.verdict(action, NOW.date()).line is not None)
