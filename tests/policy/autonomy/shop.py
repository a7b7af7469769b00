"""The shop of the page about rules: its policy as it stands there, its nodes and its items."""

import re
from datetime import date
from pathlib import Path

from evenstock import policy
from evenstock.domain import Grams, Item, Node, NodeId, NodeKind, Sku
from evenstock.policy import text

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text("utf-8")
(RULES,) = (said for said in re.findall(r"```rules\n(.*?)```", PAGE, re.DOTALL) if "rule texas-moves" in said)
NODES = {
    NodeId(name): Node(NodeId(name), NodeKind.OWN, "75201", "UTC", country=country)
    for name, country in (("BER", "DE"), ("NJ", "US"), ("TX", "US"))
}
ITEMS = {
    item.sku: item
    for item in (Item(Sku("MUG"), Grams(400), category="kitchen"), Item(Sku("LIPO"), Grams(90), category="power"))
}
DAY = date(2026, 11, 20)


def shop(said=RULES):
    """A policy of the shop, ready to answer."""
    return policy.compile(text.parse(said), NODES, ITEMS)
