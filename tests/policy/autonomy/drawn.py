"""Policies and actions drawn at random, few names and few numbers, so that lines meet."""

from hypothesis import strategies as st

from evenstock.domain import ActionKind, ActorKind, IntendedAction, Policy, Role, Rule

CENTS = (0, 100, 500, 501)
UNITS = (0, 1, 10, 11)
SURE = (0, 500_000, 900_000, 1_000_000)
AGES = (0, 59, 60, 3600)
SHARES = ("0", "0.5", "0.9", "1")
PLACING = {
    "regions": ("EU", "US"),
    "channels": ("web", "acme"),
    "at_nodes": ("BER", "TX"),
    "categories": ("kitchen", "power"),
}


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(",".join)


@st.composite
def rules(draw, place, kinds=("automatic", "propose", "refuse", "prohibit"), goods=True, soft=True):
    kind = draw(st.sampled_from(kinds))
    given = [("actions", draw(some(("transfer", "buy"))))]
    if kind == "propose":
        given.append(("role", draw(st.sampled_from(("finance", "desk")))))
    if kind == "prohibit":
        given.append(("article", "Act 7, Art. 1"))
    given += [(name, draw(some(values))) for name, values in PLACING.items() if draw(st.integers(0, 4)) == 0]
    if draw(st.integers(0, 4)) == 0:
        given.append(("actors", draw(some(("agent", "person")))))
    if draw(st.integers(0, 4)) == 0:
        given.append(("roles", draw(some(("agent", "planner")))))
    if goods and draw(st.integers(0, 4)) == 0:
        given.append(("origin_countries", draw(some(("US", "DE")))))
    if goods and draw(st.integers(0, 4)) == 0:
        given.append(("destination_countries", draw(some(("US", "CU")))))
    if goods and draw(st.integers(0, 4)) == 0:
        given.append(("bonded", draw(st.sampled_from(("yes", "no")))))
    bounds = (
        (("max_value_cents", CENTS), ("max_units", UNITS), ("min_confidence", SHARES), ("younger_than", AGES[1:]))
        if kind == "automatic"
        else (("above_value_cents", CENTS), ("above_units", UNITS), ("below_confidence", SHARES), ("older_than", AGES))
    )
    given += [(name, str(draw(st.sampled_from(values)))) for name, values in bounds if draw(st.integers(0, 2)) == 0]
    hard = kind in ("automatic", "prohibit") or not soft or draw(st.booleans())
    return Rule(f"r{place}", kind, tuple(given), hard=hard)


EUROPE = Rule("eu", "region", (("name", "EU"), ("members", "DE,FR")))


@st.composite
def policies(draw, **how):
    return Policy("drawn", (EUROPE, *(draw(rules(k, **how)) for k in range(draw(st.integers(0, 7))))))


def maybe(values):
    return st.sampled_from((*values, None))


@st.composite
def actions(draw):
    return IntendedAction(
        draw(st.sampled_from((ActionKind.TRANSFER, ActionKind.BUY))),
        draw(st.sampled_from((ActorKind.AGENT, ActorKind.PERSON))),
        frozenset(draw(st.sets(st.sampled_from((Role.AGENT, Role.PLANNER))))),
        tuple(draw(st.lists(st.sampled_from(("BER", "NJ", "TX")), max_size=2, unique=True))),
        draw(maybe(("web", "acme", ""))),
        tuple(draw(st.lists(st.sampled_from(("kitchen", "power", "")), max_size=2, unique=True))),
        draw(maybe(CENTS)),
        draw(maybe(UNITS)),
        draw(maybe(SURE)),
        draw(maybe(AGES)),
        draw(maybe(("US", "DE"))),
        draw(maybe(("US", "CU"))),
        draw(maybe((True, False))),
    )
