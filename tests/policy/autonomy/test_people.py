"""How many people must agree where something is proposed."""

from dataclasses import replace

import pytest
from tests.policy.autonomy.shop import DAY, shop
from tests.policy.autonomy.test_lines import MOVE

from evenstock.policy import text

FOUR_EYES = "rule dear: propose transfer by 2 people for approver when value above 5000"
ALWAYS = "rule ask: propose transfer for approver"


def people(said, **changed):
    return shop(said).verdict(replace(MOVE, **changed), DAY).people


def test_a_proposal_asks_for_one_person_unless_it_says_more():
    assert people(ALWAYS) == 1
    assert people("") == 1
    assert people(FOUR_EYES, cents=500_001) == 2


@pytest.mark.parametrize("said", [f"{ALWAYS}\n{FOUR_EYES}", f"{FOUR_EYES}\n{ALWAYS}"])
def test_above_the_limit_four_eyes_whichever_line_is_listed_first(said):
    assert people(said, cents=500_000) == 1
    assert people(said, cents=500_001) == 2


def test_a_value_that_nobody_knows_needs_four_eyes():
    assert people(FOUR_EYES, cents=None) == 2


def test_a_narrower_proposal_does_not_ask_for_fewer_people():
    said = f"{FOUR_EYES}\nrule nj: propose transfer by 1 people for approver when node is NJ"
    assert people(said, cents=500_001) == 2
    assert people(said.replace("by 1", "by 3"), cents=500_001) == 3


def test_what_is_automatic_or_refused_asks_for_nobody():
    said = f"{FOUR_EYES}\nrule free: automatic transfer when value at most 100\nrule never: refuse transfer when units above 9999"
    assert people(said, cents=9_000) == 1
    assert people(said, cents=900_000, units=10_000) == 1


def test_it_is_written_as_it_is_read():
    rule = text.parse(FOUR_EYES).rules[0]
    assert rule.parameter("people") == "2"
    assert text.write(text.parse(FOUR_EYES)) == (
        "rule dear: propose transfer by 2 people for approver\n    when value above 5000.00\n"
    )
    assert text.parse(text.write(text.parse(FOUR_EYES))) == text.parse(FOUR_EYES)


@pytest.mark.parametrize("many", ["0", "two", "-1"])
def test_a_number_of_people_is_at_least_one(many):
    with pytest.raises(ValueError, match=r"people|whole number"):
        shop(FOUR_EYES.replace("by 2", f"by {many}"))
