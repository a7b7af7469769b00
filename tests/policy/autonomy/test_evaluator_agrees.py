"""The evaluator that goes with evidence packs says of every policy and every action what the policy itself says.

It was written a second time, from the documentation, and shares no code; where they differ one of them is wrong.
"""

import ast
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from tests.policy.autonomy.drawn import actions, policies
from tests.policy.autonomy.shop import DAY, ITEMS, NODES
from tests.policy.autonomy.test_lines import MOVE

from evenstock import policy
from evenstock.operations.audit.enacted import enacted
from evenstock.operations.autonomy.acted import act, said_of
from evenstock.operations.autonomy.authority import Authority
from evenstock.policy import text
from evenstock.storage.audit_evidence import evaluate

COUNTRIES = {node.id: node.country for node in NODES.values()}


def both(drawn, action, judges=evaluate.Policy):
    """What the policy says, and what the evaluator says of the deed: says, rule, people."""
    judged = Authority(policy.compile(drawn, NODES, ITEMS)).judge(action, DAY)
    again = judges(enacted(drawn, "v1", COUNTRIES)).judge(deed_of(action, judged))
    if judged.verdict is None:
        return None, again
    rule = judged.judgement.line.rule.id if judged.judgement and judged.judgement.line else ""
    people = judged.judgement.people if judged.judgement else 1
    return (said_of(judged), rule, people), again


def deed_of(action, judged):
    if judged.verdict is not None:
        return act(judged, DAY)
    told = {
        "kind": action.kind.value,
        "nodes": sorted(action.nodes),
        "channel": action.channel,
        "categories": sorted(action.categories),
        "cents": action.cents,
        "units": action.units,
        "confidence_millionths": action.confidence_millionths,
        "data_age_s": action.data_age_s,
        "origin_country": action.origin_country,
        "destination_country": action.destination_country,
        "bonded": action.bonded,
        "actor": action.actor.value,
        "roles": sorted(action.roles),
        "on": DAY.isoformat(),
    }
    return {name: value for name, value in told.items() if value is not None}


def agree(drawn, action, judges=evaluate.Policy):
    said, again = both(drawn, action, judges)
    if said is None:
        return again.says in {"ungoverned", "propose"} and not again.rules - {""}
    says, rule, people = said
    return (
        again.says == says
        and rule in again.rules | ({""} if not again.rules else set())
        and (says != "propose" or again.people == people)
    )


@st.composite
def four_eyed(draw):
    """Policies of which some proposals ask for several people."""
    drawn = draw(policies())
    people = [draw(st.integers(0, 3)) if rule.kind == "propose" else 0 for rule in drawn.rules]
    return replace(drawn, rules=tuple(
        replace(rule, parameters=(*rule.parameters, ("people", str(n)))) if n else rule
        for rule, n in zip(drawn.rules, people, strict=True)
    ))  # fmt: skip


CUSTOMS = "rule r: refuse transfer\nrule law: prohibit transfer under A1 when node is BER"
ONE_SIDE = "rule p: propose transfer for x when node is BER"
BOTH_ENDS = replace(MOVE, nodes=("NJ", "BER"))
A_WISH = "rule p: propose transfer for x\nrule r: refuse transfer\n    soft"
TWO_SCOPES = (
    "rule a: automatic transfer when node is TX\nrule p: propose transfer for x when category is kitchen\n    soft"
)
BOUNDED = "rule a: automatic transfer when value at most 5 and confidence at least 0.9 and data younger than 60s"
AT_ITS_EDGE = [
    replace(MOVE, cents=500, confidence_millionths=900_000, data_age_s=59),
    replace(MOVE, cents=500, confidence_millionths=900_000, data_age_s=60),
    replace(MOVE, cents=None, confidence_millionths=900_000, data_age_s=59),
]
SEVERAL = "rule a: propose transfer by 2 people for x\nrule b: propose transfer by 3 people for y"
IN_TEXAS = replace(MOVE, nodes=("TX",), categories=("kitchen",))


@settings(max_examples=300, deadline=None)
@given(four_eyed(), st.lists(actions(), min_size=1, max_size=4))
@example(text.parse(CUSTOMS), [BOTH_ENDS])
@example(text.parse(ONE_SIDE), [BOTH_ENDS])
@example(text.parse(A_WISH), [IN_TEXAS])
@example(text.parse(TWO_SCOPES), [IN_TEXAS])
@example(text.parse(BOUNDED), AT_ITS_EDGE)
@example(text.parse(SEVERAL), [IN_TEXAS])
def test_the_evaluator_says_what_the_policy_says(drawn, several):
    for action in several:
        assert agree(drawn, action), both(drawn, action)


@pytest.mark.parametrize(("said", "rule"), [(CUSTOMS, "law"), (ONE_SIDE, "p")])
def test_a_line_at_one_end_is_not_hidden_by_the_other_end(said, rule):
    (found, by, _), _ = both(text.parse(said), BOTH_ENDS)
    assert by == rule
    assert found == ("prohibit" if rule == "law" else "propose")


# Each turns one comparison of the evaluator around, or drops one word of its rules.
MUTATIONS = {
    "inside, money": ('name.startswith("max") and value > limit', 'name.startswith("max") and value >= limit'),
    "inside, confidence": ('name.startswith("min") and value < limit', 'name.startswith("min") and value <= limit'),
    "inside, age": ('name.startswith("younger") and value >= limit', 'name.startswith("younger") and value > limit'),
    "beyond, confidence": ('value < limit if name.startswith("below")', 'value <= limit if name.startswith("below")'),
    "beyond, amounts": ('name.startswith("below") else value > limit', 'name.startswith("below") else value >= limit'),
    "unknown, inside": ("if value is None:\n                return False", "if value is None:\n                continue"),
    "unknown, beyond": ("value is not None and not (value", "value is None or not (value"),
    "unknown place": ("place[name] is None or place[name] & wanted", "place[name] is not None and place[name] & wanted"),
    "unknown goods": ("act.get(of) is not None and act[of] not in", "act.get(of) not in"),
    "the law of the trade first": ("if banned:", "if banned and len(banned) == len(speaking):"),
    "order of scopes": ('("category", "node", "channel", "region"))', '("node", "category", "channel", "region"))'),
    "law": ("if one[1] and one[2].hard]", "if one[1]]"),
    "refusals that are law": ('other.kind == "refuse" and other.hard', 'other.kind == "refuse"'),
    "strictest": ("strictest = max(STRICT[one.says]", "strictest = min(STRICT[one.says]"),
    "roles": ("bool(self.roles & set(", "bool(self.roles >= set("),
    "regions": ("{country} | self.regions.get(country, set())", "{country}"),
    "people": ("max(asking, default=1)", "min(asking, default=1)"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_one_word_of_the_evaluator_turned_around_is_found(name):
    """The comparison above can fail: whoever changes one word of the rules differs on some policy that is drawn."""
    source = Path(evaluate.__file__).read_text("utf-8")
    was, becomes = MUTATIONS[name]
    assert source.count(was) == 1
    changed = {"__name__": "changed"}
    exec(source.replace(was, becomes), changed)

    @settings(
        max_examples=2_000, phases=[Phase.explicit, Phase.generate], deadline=None, database=None, derandomize=True
    )
    @given(four_eyed(), st.lists(actions(), min_size=1, max_size=8))
    @example(text.parse(A_WISH), [IN_TEXAS])
    @example(text.parse(TWO_SCOPES), [IN_TEXAS])
    @example(text.parse(BOUNDED), AT_ITS_EDGE)
    @example(text.parse(SEVERAL), [IN_TEXAS])
    def differs_nowhere(drawn, several):
        for action in several:
            assert agree(drawn, action, changed["Policy"])

    with pytest.raises((AssertionError, ExceptionGroup, KeyError)):
        differs_nowhere()


def test_it_shares_nothing_with_what_it_checks():
    """Its imports are the standard library's alone, and no function of the other evaluator stands in it."""
    tree = ast.parse(Path(evaluate.__file__).read_text("utf-8"))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert len(Path(evaluate.__file__).read_text("utf-8").splitlines()) < 600
