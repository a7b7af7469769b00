"""One content, one text: and a field that came later changes nothing of what was written before it."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.domain import Allow, Cents, DecisionId, DecisionRecord, Inputs, OrderId, Outcome, Propensity, ServiceId
from evenstock.domain.canonical import LEFT_OUT, canonical_json, digest, digest_of, plain
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


class Colour(StrEnum):
    RED = "rød"


class Size(IntEnum):
    LARGE = 2**60


class Kind(Enum):
    ODD = "odd"


class Pair(NamedTuple):
    left: Any
    right: Any


class Name(str):
    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """Its fields stand in another order than their names do."""

    zone: Any
    b: Any
    a: Any


@dataclass(frozen=True)
class Empty:
    pass


def readable(value: Any) -> bytes:
    """The text as a reader would write it: the oracle of the compiled one."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**80), 2**80), st.text(),
    st.sampled_from(["", 0, 1, True, False, '"\\\n\x00\u2028\x7f{}%', Colour.RED, Size.LARGE, Kind.ODD, Name('n"m')]),
    st.dates(), st.times(),
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES), st.frozensets(st.text()),
    st.sets(st.integers()),
)  # fmt: skip
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.dates()), inner),
        st.builds(Leaf, inner, inner, inner),
        st.builds(After, inner, inner, inner),
        st.builds(Empty),
        st.builds(Pair, inner, inner),
        inner.map(lambda shared: (shared, [shared, shared], Leaf(shared, (shared,), (shared, shared)))),
    ),
    max_leaves=25,
)


@given(VALUES)
def test_the_compiled_text_is_the_readable_one_whatever_it_says(value: Any) -> None:
    assert canonical_json(value) == readable(value)


@given(VALUES, VALUES)
def test_what_was_written_before_changes_nothing_of_what_is_written_next(first: Any, second: Any) -> None:
    assert canonical_json((first, second, first)) == b"[" + b",".join(map(readable, (first, second, first))) + b"]"


@pytest.mark.parametrize(
    "inside",
    [
        lambda x: x,
        lambda x: [x],
        lambda x: (1, x),
        lambda x: {"a": x},
        lambda x: Leaf(1, x, None),
        lambda x: After(1, x),
    ],
)
def test_a_float_has_no_text_wherever_it_stands(inside: Any) -> None:
    for value in (1.5, float("nan"), 2.0):
        with pytest.raises(TypeError, match="no canonical text"):
            canonical_json(inside(value))


@pytest.mark.parametrize("naive", [datetime(2026, 11, 20), Leaf(1, 2, datetime(2026, 11, 20))])
def test_a_moment_without_its_zone_has_no_text(naive: Any) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        canonical_json(naive)


def test_a_moment_before_the_year_1000_has_a_year_of_four_digits() -> None:
    """RFC 3339 has no shorter one, and it reads back."""
    said = canonical_json(datetime(476, 9, 4, tzinfo=UTC))
    assert said == b'"0476-09-04T00:00:00.000000Z"'
    assert datetime.fromisoformat(json.loads(said)) == datetime(476, 9, 4, tzinfo=UTC)


def test_a_day_and_a_time_are_told_apart_from_a_moment() -> None:
    assert canonical_json([date(2026, 11, 20), time(14, 0), datetime(2026, 11, 20, tzinfo=UTC)]) == (
        b'["2026-11-20","14:00:00","2026-11-20T00:00:00.000000Z"]'
    )


def test_a_record_has_one_digest_that_is_of_its_bytes() -> None:
    record = a_record(None)
    assert record.digest() == digest(record) == digest_of(BYTES)
