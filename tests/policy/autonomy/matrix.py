"""The shop's policy as a matrix: action by scope by role by money by confidence by data age, one sign a cell."""

from itertools import product
from pathlib import Path

from tests.policy.autonomy.shop import DAY

from evenstock.domain import ActionKind, ActorKind, Allow, IntendedAction, NeedsApproval, Role

TABLE = Path(__file__).with_name("matrix.txt")
SCOPES = {
    "TX": ("TX", "web", "kitchen", "US", False),
    "NJ": ("NJ", "web", "kitchen", "US", False),
    "BER": ("BER", "web", "kitchen", "DE", False),
    "TX-acme": ("TX", "acme", "kitchen", "US", False),
    "TX-power": ("TX", "web", "power", "US", False),
    "TX-to-CU": ("TX", "web", "kitchen", "CU", False),
    "BER-bonded": ("BER", "web", "kitchen", "DE", True),
}
ACTORS = {"planner": (ActorKind.SCHEDULE, Role.PLANNER), "agent": (ActorKind.AGENT, Role.AGENT)}
MONEY = {"40": 4000, "300": 30_000, "500": 50_000, "2000": 200_000, "10000.01": 1_000_001, "unknown": None}
SURE = {"95%": 950_000, "80%": 800_000, "unknown": None}
AGES = {"10m": 600, "3h": 10_800, "3d": 259_200, "unknown": None}
WORDS = {Allow: "automatic", NeedsApproval: "propose"}


def action_of(kind, scope, actor, cents, sure, age):
    node, channel, category, destination, bonded = SCOPES[scope]
    who, role = ACTORS[actor]
    return IntendedAction(
        ActionKind(kind), who, frozenset({role}), (node,), channel, (category,), cents, 10, sure, age,
        "DE" if node == "BER" else "US", destination, bonded,
    )  # fmt: skip


def read(table):
    """`(signs, cells)`: what each sign means, and the sign of every cell."""
    signs, cells = {}, {}
    for line in table.splitlines():
        if line.startswith("sign "):
            _, sign, said, rule = line.split()
            signs[sign] = said, None if rule == "-" else rule
        elif "|" in line and not line.startswith("#"):
            head, *groups = (part.split() for part in line.split("|"))
            kinds, scopes, actors = (part.split(",") for part in head)
            for kind, scope, actor in product(kinds, scopes, actors):
                for money, group in zip(MONEY, groups, strict=True):
                    for sure, row in zip(SURE, group, strict=True):
                        for age, sign in zip(AGES, row, strict=True):
                            cell = kind, scope, actor, money, sure, age
                            assert cell not in cells, f"{cell} stands twice"
                            cells[cell] = sign
    return signs, cells


def every_cell():
    yield from product(map(str, ActionKind), SCOPES, ACTORS, MONEY, SURE, AGES)


def said_of(ready, cell):
    """What the policy says of a cell, and by which rule."""
    kind, scope, actor, money, sure, age = cell
    found = ready.verdict(action_of(kind, scope, actor, MONEY[money], SURE[sure], AGES[age]), DAY)
    return WORDS.get(type(found.verdict), "refuse"), found.line and found.line.rule.id


def differences(table, ready):
    """Every cell that says otherwise, and every one for which nothing is expected."""
    signs, cells = read(table)
    every = set(every_cell())
    wrong = dict.fromkeys(every - cells.keys(), "no expectation") | dict.fromkeys(cells.keys() - every, "no such cell")
    for cell in every & cells.keys():
        said, expected = said_of(ready, cell), signs[cells[cell]]
        if said != expected:
            wrong[cell] = f"{said}, and {expected} is expected"
    return wrong
