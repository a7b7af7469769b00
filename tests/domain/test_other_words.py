"""Orders, nodes, transfers, policies and records refuse nonsense and spell themselves in one way."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.domain import (
    Cents,
    CostTerm,
    LineId,
    Node,
    NodeId,
    NodeKind,
    Order,
    OrderId,
    OrderLine,
    Outcome,
    Policy,
    Rule,
    ShipTo,
    Sku,
    TransferLine,
    TransferOrderLine,
    Units,
    canonical_json,
    digest,
    plain,
)

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)


def line(id: str, units: int = 1) -> OrderLine:  # noqa: A002
    return OrderLine(LineId(id), Sku("MUG"), Units(units), Cents(1200))


def test_an_order_is_worth_its_lines() -> None:
    assert Order(OrderId("1"), (line("a", 2), line("b")), ShipTo("02139"), NOW).value_cents == 2 * 1200 + 1200


def test_two_lines_with_one_id_are_named() -> None:
    with pytest.raises(ValueError, match=r"1: each line has its own id; \['a'\] repeat"):
        Order(OrderId("1"), (line("a"), line("a")), ShipTo("02139"), NOW)


@pytest.mark.parametrize("units", [0, -1])
def test_a_line_wants_at_least_one_unit(units: int) -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        line("a", units)


def node(**more: object) -> Node:
    return Node(NodeId("PA"), NodeKind.THIRD_PARTY, "19019", "America/New_York", **more)  # type: ignore[arg-type]


def test_the_cutoff_is_by_the_nodes_own_clock_across_the_change_to_summer_time() -> None:
    # 2026-03-08 is the Sunday on which New York goes from UTC-5 to UTC-4: 14:00 there is 19:00 UTC before, 18:00 after.
    friday, monday = date(2026, 3, 6), date(2026, 3, 9)

    assert node().ship_day(datetime(2026, 3, 6, 18, 30, tzinfo=UTC)) == friday
    assert node().ship_day(datetime(2026, 3, 9, 18, 30, tzinfo=UTC)) == date(2026, 3, 10)
    assert node().ship_day(datetime(2026, 3, 9, 17, 30, tzinfo=UTC)) == monday


def test_a_holiday_and_a_weekend_are_skipped() -> None:
    thanksgiving = frozenset({date(2026, 11, 26), date(2026, 11, 27)})

    assert node(holidays=thanksgiving).ship_day(datetime(2026, 11, 25, 20, tzinfo=UTC)) == date(2026, 11, 30)


def test_a_node_that_never_opens_within_the_window_ships_on_no_day() -> None:
    closed = frozenset(date(2026, 11, d) for d in range(1, 31)) | frozenset(date(2026, 12, d) for d in range(1, 31))

    assert node(holidays=closed).ship_day(NOW) is None


def test_the_cutoff_minute_itself_still_ships() -> None:
    assert node(cutoff=time(9, 0)).ship_day(datetime(2026, 11, 20, 14, 0, tzinfo=UTC)) == date(2026, 11, 20)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(Exception, match="Mars"):
        Node(NodeId("X"), NodeKind.OWN, "1", "Mars/Olympus")


def test_a_transfer_line_nets_its_worth_and_its_terms() -> None:
    moved = TransferLine(
        Sku("MUG"), NodeId("TX"), NodeId("PA"), Units(24), Cents(9000),
        (CostTerm("freight", Cents(1200)), CostTerm("capital", Cents(35))), 80, 62, 3, 21, "PA runs out on Tuesday",
    )  # fmt: skip

    assert moved.net_cents == 9000 - 1200 - 35


def test_nothing_is_received_that_was_not_dispatched() -> None:
    with pytest.raises(ValueError, match="received and lost units were dispatched"):
        TransferOrderLine(Sku("MUG"), Units(10), dispatched=Units(4), received=Units(3), lost=Units(2))


def test_rule_ids_stand_once_in_a_policy() -> None:
    with pytest.raises(ValueError, match=r"rule ids \['r'\] stand twice"):
        Policy("p", (Rule("r", "pool"), Rule("r", "active")))


def test_the_same_policy_has_the_same_digest_and_another_order_of_rules_another() -> None:
    a, b = Rule("a", "pool"), Rule("b", "active")

    assert Policy("p", (a, b)).digest() == Policy("p", (a, b)).digest() != Policy("p", (b, a)).digest()


def test_sets_and_zones_have_one_spelling() -> None:
    texas = datetime.fromisoformat("2026-11-20T08:00:00-06:00")

    assert (
        canonical_json({"at": texas, "tags": frozenset({"b", "a"})})
        == b'{"at":"2026-11-20T14:00:00.000000Z","tags":["a","b"]}'
    )
    assert digest(texas) == digest(NOW)


def test_a_float_has_no_canonical_text() -> None:
    with pytest.raises(TypeError, match="no canonical text"):
        canonical_json({"cost": 1.5})


@dataclass(frozen=True)
class Leaf:
    name: str
    cents: int
    on: date | None = None


@dataclass(frozen=True)
class Branch:
    leaves: tuple[Leaf, ...]
    marks: frozenset[str]
    outcome: Outcome
    more: dict[str, object]


texts = st.text(st.characters(codec="utf-8"), max_size=6)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
leaves = st.builds(Leaf, texts, st.integers(), st.none() | days)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | days | st.sampled_from(Outcome) | leaves,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(texts, inner, max_size=3)
    | st.builds(
        Branch, st.lists(leaves, max_size=3).map(tuple), st.frozensets(texts, max_size=3), st.sampled_from(Outcome),
        st.dictionaries(texts, inner, max_size=2),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150)
@given(values)
def test_canonical_text_is_that_of_the_plain_values_with_sorted_keys(value: object) -> None:
    slow = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert canonical_json(value) == slow.encode()
    # The same object twice is spelled twice.
    assert canonical_json([value, value]) == f"[{slow},{slow}]".encode()
