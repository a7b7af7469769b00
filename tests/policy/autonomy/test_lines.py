"""One line at a time: what it says of an action, in words, and what is told of a line that cannot be meant."""

from dataclasses import replace
from datetime import date

import pytest
from tests.policy.autonomy.shop import DAY, NODES, shop

from evenstock import policy
from evenstock.domain import ActionKind, ActorKind, Allow, IntendedAction, NeedsApproval, Policy, Refuse, Role
from evenstock.policy import text
from evenstock.policy.autonomy import Place

MOVE = IntendedAction(
    ActionKind.TRANSFER, ActorKind.SCHEDULE, frozenset({Role.PLANNER}), ("NJ",), "", ("kitchen",),
    40_000, 20, 950_000, 3_600, "US", "US", bonded=False,
)  # fmt: skip
SMALL = "rule small: automatic transfer when value at most 500 and units at most 200 and confidence at least 90% and data younger than 4h"


def verdict(said, action=MOVE, day=DAY):
    return shop(said).verdict(action, day).verdict


def test_inside_all_its_bounds_an_action_is_automatic():
    assert verdict(SMALL) == Allow()
    assert verdict(SMALL, replace(MOVE, cents=50_000, units=200, confidence_millionths=900_000)) == Allow()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"cents": 50_001}, "outside small: worth 500.01, at most 500.00"),
        ({"units": 201}, "outside small: 201 units, at most 200"),
        ({"confidence_millionths": 899_999}, "outside small: confidence 89.9999%, at least 90%"),
        ({"data_age_s": 14_400}, "outside small: data 4 h old, younger than 4 h"),
        ({"cents": None}, "outside small: worth unknown, at most 500.00"),
        ({"units": None}, "outside small: unknown units, at most 200"),
        ({"confidence_millionths": None}, "outside small: confidence unknown, at least 90%"),
        ({"data_age_s": None}, "outside small: data of unknown age, younger than 4 h"),
    ],
)
def test_outside_one_bound_a_person_decides_and_is_told_which(changed, told):
    assert verdict(SMALL, replace(MOVE, **changed)) == NeedsApproval("approver", told)


def test_nothing_said_is_proposed_to_a_person_and_never_automatic():
    assert verdict("") == NeedsApproval(
        "approver", "no rule lets schedule transfer without a person: category kitchen, node NJ"
    )
    found = shop("").verdict(MOVE, DAY)
    assert (found.line, found.scope, found.automatic) == (None, "", False)


def test_a_bound_not_set_is_not_asked():
    assert verdict("rule r: automatic transfer", replace(MOVE, cents=None, confidence_millionths=None)) == Allow()


def test_the_line_that_decided_is_named_with_its_scope_and_its_policy():
    ready = shop(f"{SMALL}\nrule nj: refuse transfer when node is NJ because audit")
    found = ready.verdict(MOVE, DAY)
    assert found.verdict == Refuse("nj: audit")
    assert (found.line.rule.id, found.scope, found.policy) == ("nj", "node NJ", ready.digest)


def test_an_action_at_two_nodes_is_judged_at_both_and_the_strictest_counts():
    said = f"{SMALL}\nrule tx: automatic transfer when node is TX and value at most 100"
    assert verdict(said, replace(MOVE, nodes=("NJ", "BER"))) == Allow()
    assert verdict(said, replace(MOVE, nodes=("NJ", "TX"))) == NeedsApproval(
        "approver", "outside tx: worth 400.00, at most 100.00"
    )
    assert verdict(said, replace(MOVE, nodes=("TX", "NJ"), cents=10_000)) == Allow()


def test_an_action_of_two_categories_is_judged_for_both():
    said = f"{SMALL}\nrule power: refuse transfer when category is power"
    assert verdict(said) == Allow()
    assert isinstance(verdict(said, replace(MOVE, categories=("kitchen", "power"))), Refuse)


def test_an_action_that_does_not_say_where_it_is_may_be_inside_a_narrower_envelope():
    said = f"{SMALL}\nrule tx: automatic transfer when node is TX and value at most 100"
    nowhere = replace(MOVE, nodes=())
    assert verdict(said, nowhere) == NeedsApproval("approver", "outside tx: worth 400.00, at most 100.00; node unknown")
    assert verdict(SMALL, nowhere) == Allow()
    assert verdict(f"{SMALL}\nrule eu: refuse transfer when region is DE because audit", nowhere) == Refuse("eu: audit")


def test_more_specific_scopes_decide_before_less_specific_ones():
    """Company, region, channel, node, category: each overrides the one before it."""
    said = ["rule r0: refuse transfer soft because company"]
    places = ["region is US", "channel is web", "node is NJ", "category is kitchen"]
    there = replace(MOVE, channel="web")
    for k, place in enumerate(places, 1):
        assert verdict("\n".join(said), there) == Refuse(f"r{k - 1}: {'company' if k == 1 else places[k - 2]}")
        # Listed first, so that the place alone makes it decide last.
        said.insert(0, f'rule r{k}: refuse transfer when {place} soft because "{place}"')
    assert verdict("\n".join(said), there) == Refuse("r4: category is kitchen")


def test_of_two_places_named_together_the_line_is_more_specific_than_of_one():
    both = "rule both: automatic transfer when node is NJ and category is kitchen"
    one = "rule one: refuse transfer when category is kitchen soft because audit"
    assert verdict(f"{one}\n{both}") == Allow()
    assert verdict(f"{one}\n{both}", replace(MOVE, nodes=("TX",))) == Refuse("one: audit")


def test_law_of_a_wider_scope_is_not_loosened_unless_it_says_soft():
    free = "rule nj: automatic transfer when node is NJ"
    asks = "rule big: propose transfer for finance when value above 300"
    told = NeedsApproval("finance", "big: a person decides about transfer (worth 400.00, above 300.00)")
    assert verdict(f"{asks}\n{free}") == told
    assert verdict(f"{asks} soft\n{free}") == Allow()
    assert verdict(f"{asks}\n{free}", replace(MOVE, cents=30_000)) == Allow()
    refuses = "rule no: refuse transfer when value above 300 because audit"
    assert verdict(f"{refuses}\n{free}") == Refuse("no: audit (worth 400.00, above 300.00)")
    assert verdict(f"{refuses} soft\n{free}") == Allow()


def test_who_decides_by_law_of_the_company_is_not_changed_by_a_node():
    law = "rule big: propose transfer for finance when value above 300"
    node = "rule nj: propose transfer for desk when node is NJ"
    assert verdict(f"{law}\n{node}").role == "finance"
    assert verdict(f"{law} soft\n{node}").role == "desk"


def test_outside_an_envelope_the_role_of_the_wider_scope_is_asked():
    said = 'rule all: propose transfer for "stock desk" soft\nrule nj: automatic transfer when node is NJ and value at most 1'
    assert verdict(said) == NeedsApproval("stock desk", "outside nj: worth 400.00, at most 1.00")


def test_within_one_scope_the_first_listed_decides():
    refuse, free = "rule no: refuse transfer when actor is schedule because audit", "rule yes: automatic transfer"
    assert verdict(f"{refuse}\n{free}") == Refuse("no: audit")
    assert verdict(f"{free}\n{refuse}") == Allow()
    assert verdict(f"{refuse}\n{free}", replace(MOVE, actor=ActorKind.PERSON)) == Allow()


def test_a_proposal_does_not_stand_in_for_a_refusal_that_is_law():
    """Else dear and stale would be proposed where cheap and stale is refused."""
    dear, stale = (
        "rule dear: propose transfer for finance when value above 300",
        "rule stale: refuse transfer when data older than 1h",
    )
    late = replace(MOVE, data_age_s=7_200)
    assert verdict(f"{dear}\n{stale}", late) == Refuse("stale: no transfer here (data 2 h old, above 1 h)")
    assert verdict(f"{dear}\n{stale} soft", late).role == "finance"
    assert verdict(f"{dear}\n{stale}").role == "finance"


def test_roles_and_kinds_of_actors():
    said = "rule r: automatic transfer when actor is schedule, person and role is planner"
    assert verdict(said) == Allow()
    for other in ({"actor": ActorKind.AGENT}, {"roles": frozenset()}, {"roles": frozenset({Role.VIEWER})}):
        assert isinstance(verdict(said, replace(MOVE, **other)), NeedsApproval)
    assert verdict(said, replace(MOVE, roles=frozenset({Role.VIEWER, Role.PLANNER}))) == Allow()


LAW = 'rule law: prohibit transfer under "Act 7, Art. 1" when '


@pytest.mark.parametrize(
    ("said", "changed", "refused"),
    [
        ("origin country is US and destination country is CU", {"destination_country": "CU"}, ""),
        ("origin country is US and destination country is CU", {}, None),
        (
            "origin country is US and destination country is CU",
            {"destination_country": None},
            " (destination country unknown)",
        ),
        ("origin country is DE and destination country is US", {"origin_country": None}, " (origin country unknown)"),
        ("bonded is yes", {"bonded": True}, ""),
        ("bonded is yes", {"bonded": None}, " (bond unknown)"),
        ("bonded is yes", {}, None),
        ("destination country is US and units above 10", {}, " (20 units, above 10)"),
        ("destination country is US and units above 10", {"units": 10}, None),
        ("destination country is US and units above 10", {"units": None}, " (unknown units, above 10)"),
    ],
)
def test_the_law_of_the_trade_refuses_with_its_article_before_everything(said, changed, refused):
    """Wherever it is listed, and whatever the most specific scope allows."""
    free = "rule free: automatic transfer when node is NJ and category is kitchen"
    found = verdict(f"{free}\n{LAW}{said}", replace(MOVE, **changed))
    assert found == (Allow() if refused is None else Refuse(f"law: this transfer is unlawful, Act 7, Art. 1{refused}"))


def test_the_reason_of_a_prohibition_stands_before_its_article():
    assert verdict(f'{LAW}bonded is no because "duty is unpaid"') == Refuse("law: duty is unpaid, Act 7, Art. 1")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("rule r: prohibit transfer", "rule r (prohibit): article is missing; give the law and its article"),
        ('rule r: prohibit transfer under "the law"', "rule r (prohibit): 'the law' names no article"),
        ("rule r: prohibit transfer under 12", "rule r (prohibit): '12' names no article"),
        ("rule r: automatic", "rule r (automatic): actions is missing; give what may be done without a person"),
        ("rule r: automatic transfers", "actions names transfers, which does not exist; did you mean transfer?"),
        ("rule r: propose transfer", "rule r (propose): role is missing; give who decides"),
        ("rule r: refuse buy when actor is robot", "actors names robot, which does not exist; there is agent, integration"),
        ("rule r: refuse buy when role is planer", "roles names planer, which does not exist; did you mean planner?"),
        ("rule r: refuse buy when node is TXX", "at_nodes names TXX, which does not exist; did you mean TX?"),
        ("rule r: refuse buy when category is toys", "categories names toys, which does not exist"),
        ("rule r: refuse buy when region is UE", "regions names UE, which is no region; there is DE, US. A region is named by a rule: region NAME of COUNTRIES"),
        ("rule r: refuse buy when bonded is maybe", "rule r (refuse): bonded is 'maybe'; give yes or no"),
        ("rule r: automatic buy when data younger than 0s", "no data is younger than 0 s"),
        ("rule r: automatic buy soft", "this kind is always law"),
        ("rule a: region EU of DE\nrule b: region EU of FR", "rule b (region): EU is named by rule a already"),
        ("rule a: region DE of DE, FR", "rule a (region): DE is a country and a region by itself"),
        ("rule a: region EU of DE from 2026-01-01", "a region is named for good; leave out from and until"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_meant_is_refused_in_words(said, told):
    with pytest.raises(ValueError, match="cannot be used") as caught:
        shop(said)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("automatic buy when value above 5", "automatic cannot ask `value above`"),
        ("automatic buy when confidence below 50%", "automatic cannot ask `confidence below`"),
        ("propose buy for desk when value at most 5", "propose cannot ask `value at most`"),
        ("refuse buy when data younger than 4h", "refuse cannot ask `data younger than`"),
        ("automatic buy value at most 5", "conditions stand after `when`; write: when value at most 12.50"),
        ("automatic buy when data younger than 4", "'4' is no span of time; write data younger than 4h"),
        ("automatic buy when data younger than 4 hours", "'4' is no span of time; write data younger than 4h"),
        ("automatic buy when data yunger than 4h", "did you mean `data younger than 4h`?"),
    ],
)
def test_conditions_that_would_free_what_is_dearer_or_less_sure_cannot_be_written(said, told):
    with pytest.raises(text.PolicyTextError) as caught:
        text.parse(f"rule r: {said}")
    assert told in str(caught.value)


def test_a_line_reads_as_it_is_meant_and_is_written_back():
    said = (
        "rule small-moves: automatic transfer when value at most 500.00 and units at most 200 and confidence at least 90%"
        " and data younger than 4h and region is EU"
    )
    meant = text.parse(said)
    assert meant.rules[0].parameters == (
        ("actions", "transfer"), ("regions", "EU"), ("max_value_cents", "50000"), ("max_units", "200"),
        ("min_confidence", "0.9"), ("younger_than", "14400"),
    )  # fmt: skip
    assert text.write(meant) == (
        "rule small-moves: automatic transfer\n    when region is EU and value at most 500.00 and units at most 200"
        " and confidence at least 0.9 and data younger than 4h\n"
    )
    for span, seconds in (("45s", "45"), ("30m", "1800"), ("36h", "129600"), ("2d", "172800"), ("0s", "0")):
        meant = text.parse(f"rule r: refuse buy when data older than {span}")
        assert meant.rules[0].parameter("older_than") == seconds
        assert f"older than {span}" in text.write(meant)


def test_a_line_holds_on_its_days_only():
    said = "rule r: automatic transfer from 2026-12-01 until 2026-12-24"
    days = [date(2026, month, day) for month, day in ((11, 30), (12, 1), (12, 24), (12, 25))]
    assert [shop(said).verdict(MOVE, day).automatic for day in days] == [False, True, True, False]


def test_many_days_and_places_are_asked_without_being_kept():
    ready = shop(SMALL)
    for k in range(20):
        assert ready.verdict(MOVE, date(2026, 1, 1 + k)).automatic
    assert len(ready._autonomy) <= 8


def test_a_node_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no node LA was there when the policy was compiled"):
        shop(SMALL).verdict(replace(MOVE, nodes=("LA",)), DAY)
    with pytest.raises(ValueError, match="no node LA"):
        shop(SMALL).effective(Place(node="LA"), DAY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cents": -1}, {"units": -1}, {"data_age_s": -1}, {"confidence_millionths": 1_000_001},
        {"confidence_millionths": -1}, {"origin_country": "USA"}, {"destination_country": "us"},
    ],
)  # fmt: skip
def test_an_action_that_cannot_be_is_refused_when_it_is_made(wrong):
    with pytest.raises(ValueError, match=r"transfer: .*give"):
        replace(MOVE, **wrong)


def test_what_a_plan_is_asked_about_comes_back_in_its_order():
    several = [replace(MOVE, cents=cents) for cents in (1, 60_000, 2)]
    assert [found.automatic for found in shop(SMALL).verdicts(several, DAY)] == [True, False, True]


def test_the_policy_without_a_word_about_autonomy_lets_nothing_happen_by_itself():
    ready = policy.compile(Policy("default", policy.default_policy().rules), NODES, {})
    for kind in ActionKind:
        assert isinstance(ready.verdict(replace(MOVE, kind=kind), DAY).verdict, NeedsApproval)
