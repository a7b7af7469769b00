"""The page about rules stays true: its examples compile, and it leaves out no kind and no condition."""

import re
from pathlib import Path

import pytest
from tests.policy.conftest import FRIDAY

from evenstock import policy
from evenstock.domain import Grams, Item, Node, NodeId, NodeKind, Sku
from evenstock.policy import text
from evenstock.policy.autonomy.conditions import ACTION_WHEN
from evenstock.policy.conditions import WHEN
from evenstock.policy.lint import Fault, lint

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
EXAMPLES = re.findall(r"```rules\n(.*?)```", PAGE, re.DOTALL)
NODES = {
    NodeId(name): Node(
        NodeId(name),
        NodeKind.OWN,
        "75201",
        "America/Chicago",
        country="DE" if name == "BER" else "US",
        pool="3pl" if name == "NV" else "own",
    )
    for name in ("BER", "CA", "MCF", "NJ", "NV", "SHOP", "TX", "VMI")
}
ITEMS = {
    item.sku: item
    for item in (
        Item(Sku("RAKE"), Grams(900), category="garden"),
        Item(Sku("LIPO"), Grams(90), category="power", requires=frozenset({"lithium"})),
        Item(Sku("SOFA"), Grams(41_000), category="home"),
    )
}
SERVICES = ("air:express", "freight:ltl", "ups:ground")


@pytest.mark.parametrize("said", EXAMPLES)
def test_every_example_of_the_page_compiles_and_reads_back(said):
    meant = text.parse(said)
    assert text.parse(text.write(meant)) == meant
    policy.compile(meant, NODES, ITEMS, SERVICES)


def test_the_page_names_every_kind_and_every_condition():
    shown = {rule.kind for said in EXAMPLES for rule in text.parse(said).rules}
    for kind in policy.describe():
        assert kind.name in shown, f"no example of {kind.name}"
        assert f"`{kind.name}`" in PAGE
    for parameter in (*WHEN, *ACTION_WHEN):
        assert f"`{parameter.words}`" in PAGE


def test_lint_finds_the_permit_of_the_page_that_comes_too_late():
    (said,) = (example for example in EXAMPLES if "late-permit" in example)
    found = lint(policy.compile(text.parse(said), NODES, ITEMS, SERVICES), FRIDAY)
    assert [(f.fault, f.rules) for f in found] == [(Fault.UNREACHABLE, ("late-permit",))]
    assert "list it before the forbid" in found[0].advice
