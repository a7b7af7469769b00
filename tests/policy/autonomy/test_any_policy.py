"""Of every policy and every action: the fast evaluator says what the readable one says, and nothing worse makes freer."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.autonomy.drawn import AGES, CENTS, SURE, UNITS, actions, policies
from tests.policy.autonomy.oracle import judged
from tests.policy.autonomy.shop import DAY, ITEMS, NODES

from evenstock import policy
from evenstock.domain import Allow, NeedsApproval, Refuse

COUNTRIES = {node.id: node.country for node in NODES.values()}
WORDS = {Allow: "automatic", NeedsApproval: "propose", Refuse: "refuse"}
STRICT = {Allow: 0, NeedsApproval: 1, Refuse: 2}


@settings(max_examples=150, deadline=None)
@given(policies(), st.lists(actions(), min_size=1, max_size=8))
def test_the_fast_evaluator_says_what_the_readable_one_says(drawn, several):
    ready = policy.compile(drawn, NODES, ITEMS)
    for action, found in zip(several, ready.verdicts(several, DAY), strict=True):
        said, rule = judged(drawn, COUNTRIES, action, DAY)
        assert (WORDS[type(found.verdict)], found.line and found.line.rule.id) == (said, rule)
        assert found.policy == drawn.digest()
        assert found.automatic == (said == "automatic")


def worse(values, value, *, less=False):
    """The same or a worse value, or none at all, which is worst."""
    if value is None:
        return st.none()
    return st.sampled_from([v for v in values if (v <= value if less else v >= value)] + [None])


@st.composite
def pairs(draw):
    """An action, and the same with more money, more units, less confidence or older data."""
    action = draw(actions())
    return action, replace(
        action,
        cents=draw(worse(CENTS, action.cents)),
        units=draw(worse(UNITS, action.units)),
        confidence_millionths=draw(worse(SURE, action.confidence_millionths, less=True)),
        data_age_s=draw(worse(AGES, action.data_age_s)),
    )


@settings(max_examples=150, deadline=None)
@given(policies(), st.lists(pairs(), min_size=1, max_size=8))
def test_more_money_more_units_less_confidence_or_older_data_never_make_an_action_automatic(drawn, several):
    """Of every policy that can be written."""
    ready = policy.compile(drawn, NODES, ITEMS)
    for better, poorer in several:
        if ready.verdict(poorer, DAY).automatic:
            assert ready.verdict(better, DAY).automatic


@settings(max_examples=100, deadline=None)
@given(policies(soft=False), st.lists(pairs(), min_size=1, max_size=8))
def test_nor_do_they_turn_a_refusal_into_a_proposal_where_nothing_is_soft(drawn, several):
    ready = policy.compile(drawn, NODES, ITEMS)
    for better, poorer in several:
        before, after = ready.verdict(better, DAY).verdict, ready.verdict(poorer, DAY).verdict
        assert STRICT[type(after)] >= STRICT[type(before)]


@st.composite
def unknowing(draw):
    """An action, and the same with some of what is known left out."""
    action = draw(actions())
    names = ("cents", "units", "confidence_millionths", "data_age_s", "origin_country", "destination_country", "bonded")
    forgotten = {name: None for name in (*names, "channel") if draw(st.booleans())}
    if draw(st.booleans()):
        forgotten["nodes"] = ()
    if draw(st.booleans()):
        forgotten["categories"] = ()
    return action, replace(action, **forgotten)


@settings(max_examples=150, deadline=None)
@given(policies(), st.lists(unknowing(), min_size=1, max_size=8))
def test_knowing_less_never_makes_an_action_automatic(drawn, several):
    ready = policy.compile(drawn, NODES, ITEMS)
    for known, forgetful in several:
        if ready.verdict(forgetful, DAY).automatic:
            assert ready.verdict(known, DAY).automatic


@settings(max_examples=60, deadline=None)
@given(policies(), st.lists(actions(), min_size=1, max_size=6))
def test_what_was_asked_before_changes_nothing(drawn, several):
    once = policy.compile(drawn, NODES, ITEMS)
    for action in reversed(several):
        once.verdict(action, DAY)
    for action in several:
        fresh = policy.compile(drawn, NODES, ITEMS).verdict(action, DAY)
        again = once.verdict(action, DAY)
        assert (again.verdict, again.scope, again.policy) == (fresh.verdict, fresh.scope, fresh.policy)
