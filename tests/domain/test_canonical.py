"""One content, one text: and a field that came later changes nothing of what was written before it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from evenstock.domain import Allow, Cents, DecisionId, DecisionRecord, Inputs, OrderId, Outcome, Propensity, ServiceId
from evenstock.domain.canonical import LEFT_OUT, canonical_json, digest, plain
from evenstock.domain.costs import Costs
from evenstock.operations.decisions import decision_from


@dataclass(frozen=True, slots=True)
class Before:
    b: int
    a: str | None = None


@dataclass(frozen=True, slots=True)
class After:
    b: int
    a: str | None = None
    later: tuple[int, ...] | None = field(default=None, metadata=LEFT_OUT)


def test_a_field_left_out_leaves_no_trace_and_others_that_are_none_stay() -> None:
    assert canonical_json(After(1)) == canonical_json(Before(1)) == b'{"a":null,"b":1}'
    assert digest(After(1)) == digest(Before(1))
    assert plain(After(1)) == {"b": 1, "a": None}


def test_where_it_says_something_it_stands_in_its_place_and_one_kind_may_do_both() -> None:
    """What the first of a kind leaves out must not be left out of the second."""
    assert canonical_json([After(1), After(2, later=()), After(3)]) == (
        b'[{"a":null,"b":1},{"a":null,"b":2,"later":[]},{"a":null,"b":3}]'
    )
    assert plain(After(2, later=(7,))) == {"b": 2, "a": None, "later": [7]}


def a_record(propensity: Propensity | None) -> DecisionRecord:
    return DecisionRecord(
        DecisionId("route-1"), OrderId("A-1"), datetime(2026, 11, 20, 14, tzinfo=UTC), Inputs("n", "s", "p", "c", "v"),
        Outcome.EXECUTED, Allow(), "TX, 9.40.", None, (), (), propensity=propensity,
    )  # fmt: skip


BYTES = (
    b'{"alternatives":[],"barred":[],"choice":null,"commitment":null,"confidence":null,"decided_at":"2026-11-20T14:00:00.000000Z",'
    b'"id":"route-1","inputs":{"code":"v","knowledge":"","network":"n","policy":"p","prices":"c","stock":"s","warnings":[]},'
    b'"layer":"optimiser","order":"A-1","outcome":"executed","price_rung":"","proven_least":true,"relaxed":[],'
    b'"sentence":"TX, 9.40.","verdict":{}}'
)
"""A record as it was written before decisions knew propensities."""


def test_a_record_without_a_propensity_has_the_bytes_it_always_had_and_reads_back() -> None:
    assert a_record(None).canonical() == BYTES
    assert decision_from(BYTES) == a_record(None)


def test_a_record_with_a_propensity_reads_back_to_the_same_bytes() -> None:
    tried = a_record(Propensity(5_000, Cents(120), Cents(340), (ServiceId("ups:ground"), ServiceId("usps:priority"))))

    assert decision_from(tried.canonical()) == tried
    assert decision_from(tried.canonical()).canonical() == tried.canonical()


@pytest.mark.parametrize("millionths", [0, 1_000_001])
def test_what_was_chosen_had_some_chance(millionths: int) -> None:
    with pytest.raises(ValueError, match="what was chosen had a chance"):
        Propensity(millionths)


def test_costs_try_nothing_unless_all_three_are_set_and_never_more_than_half() -> None:
    on = Costs(explore_share_bp=100, explore_within_cents=Cents(200), explore_week_cents=Cents(5_000))

    assert on.explores
    assert not Costs().explores
    assert not replace(on, explore_share_bp=0).explores
    assert not replace(on, explore_within_cents=Cents(0)).explores
    assert not replace(on, explore_week_cents=Cents(0)).explores
    with pytest.raises(ValueError, match=r"explore_share_bp is 0 to 5,000, not 5001"):
        Costs(explore_share_bp=5_001)
