"""Versions are what they were made from; champions follow one another on record."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from evenstock.domain.verdict import Allow, NeedsApproval, Refuse
from evenstock.learning import (
    ChampionRecord,
    Deed,
    LiveDay,
    LiveWindow,
    ModelVersion,
    judge,
    line_of_succession,
    should_roll_back,
    within,
)

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
TODAY = date(2026, 11, 20)
VERSION = ModelVersion(
    "demand", "boosted", "boosted-1:abc", "sha256:1", (("demand", "sha256:2"),), ("price",), "0.1", 7, TODAY, NOW
)
GOOD = within("cover", 0.95, 0.004, 0.93, 0.97)
BAD = within("cover", 0.90, 0.004, 0.93, 0.97)
VAGUE = within("cover", 0.95, 0.05, 0.93, 0.97)


def test_the_same_model_trained_again_tomorrow_is_the_same_version():
    assert replace(VERSION, made_at=NOW + timedelta(days=1)).id == VERSION.id


@pytest.mark.parametrize(
    "other",
    [
        {"parameters": "sha256:9"},
        {"data": (("demand", "sha256:9"),)},
        {"features": ("price", "weather")},
        {"code": "0.2"},
        {"seed": 8},
        {"cut_off": TODAY - timedelta(days=1)},
        {"subject": "transit:ups"},
    ],
)
def test_whatever_it_was_made_from_makes_another_version(other):
    assert replace(VERSION, **other).id != VERSION.id


def test_a_version_comes_back_from_its_frame_and_notices_a_change():
    frame = VERSION.to_frame()

    assert ModelVersion.from_frame(frame) == VERSION
    with pytest.raises(ValueError, match="was changed after it was made"):
        ModelVersion.from_frame(frame.with_columns(seed=frame["seed"] + 1))


def test_all_gates_passed_one_unsure_one_failed():
    champion = replace(VERSION, parameters="sha256:0")

    assert judge(VERSION, champion, [GOOD, GOOD]) == Allow()
    assert judge(VERSION, champion, [GOOD, VAGUE]) == NeedsApproval("planner", VAGUE.because)
    assert judge(VERSION, champion, [VAGUE, BAD]) == Refuse(BAD.because)


def test_no_gates_at_all_are_not_all_passed():
    assert isinstance(judge(VERSION, None, []), Refuse)


@pytest.mark.parametrize(
    ("champion", "why"),
    [
        (VERSION, "champion already"),
        (replace(VERSION, subject="transit:ups"), "speaks of"),
        (replace(VERSION, cut_off=TODAY + timedelta(days=1)), "train it again"),
    ],
)
def test_good_figures_do_not_excuse_the_wrong_version(champion, why):
    verdict = judge(VERSION, champion, [GOOD])

    assert isinstance(verdict, Refuse)
    assert why in verdict.because


def record(deed: Deed, name: str) -> ChampionRecord:
    kept = f"sha256:{name}" if name else ""
    return ChampionRecord("demand", deed, name, kept, "", "dana", NOW, "test")


def test_rolling_back_twice_does_not_come_round_to_where_it_started():
    chain = [record(Deed.PROMOTED, "A"), record(Deed.PROMOTED, "B"), record(Deed.PROMOTED, "C")]
    chain += [record(Deed.ROLLED_BACK, "B"), record(Deed.ROLLED_BACK, "A"), record(Deed.ROLLED_BACK, "")]

    assert [len(line_of_succession(chain[:k])) for k in range(1, 7)] == [1, 2, 3, 2, 1, 0]


def test_after_a_roll_back_a_new_champion_stands_on_the_one_returned_to():
    chain = [record(Deed.PROMOTED, "A"), record(Deed.PROMOTED, "B"), record(Deed.ROLLED_BACK, "A")]
    chain.append(record(Deed.PROMOTED, "C"))

    assert [r.version for r in line_of_succession(chain)] == ["A", "C"]


def test_a_change_of_champion_has_an_author_and_a_reason():
    with pytest.raises(ValueError, match="by whom"):
        replace(record(Deed.PROMOTED, "A"), because=" ")
    with pytest.raises(ValueError, match="names the version"):
        record(Deed.PROMOTED, "")
    assert ChampionRecord.from_frame(record(Deed.ROLLED_BACK, "").to_frame()).version == ""


def week(*ratios: float) -> list[LiveDay]:
    return [LiveDay(TODAY + timedelta(days=k), 100.0 * ratio, 100.0) for k, ratio in enumerate(ratios)]


def test_seven_days_four_percent_worse_roll_back_and_six_do_not():
    assert "exceeds the fallback's by 4.0 %" in (should_roll_back(week(*[1.04] * 7)) or "")
    assert should_roll_back(week(*[1.04] * 6)) is None
    assert should_roll_back(week(*[1.03] * 7)) is None


def test_one_terrible_day_does_not_roll_back():
    # together 1.0 + 5 / 7 above the fallback, but no worse on six days
    assert should_roll_back(week(6.0, *[1.0] * 6)) is None


def test_only_the_last_seven_days_count():
    assert should_roll_back(week(*[1.2] * 7, *[0.99] * 7)) is None
    assert should_roll_back(list(reversed(week(*[0.99] * 7, *[1.2] * 7)))) is not None


def windows(*covers: float, fallback: float) -> list[LiveWindow]:
    return [
        LiveWindow(TODAY + timedelta(days=7 * k), 7, within("coverage of 7-day sums", c, 0.004, 0.93, 0.97), fallback)
        for k, c in enumerate(covers)
    ]


def test_a_coverage_that_fails_twice_where_the_fallback_holds_rolls_back():
    assert "coverage of 7-day sums is 0.900" in (should_roll_back([], windows(0.91, 0.90, fallback=0.95)) or "")
    assert should_roll_back([], windows(0.90, 0.94, fallback=0.95)) is None
    assert should_roll_back([], windows(0.90, fallback=0.95)) is None


def test_a_strange_fortnight_for_everyone_rolls_nobody_back():
    assert should_roll_back([], windows(0.88, 0.88, fallback=0.85)) is None
