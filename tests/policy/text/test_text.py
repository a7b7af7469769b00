"""Rules as text: what people write, what it means, and what they are told where it means nothing."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock import policy
from evenstock.domain import Policy, Rule
from evenstock.policy import text
from evenstock.policy.text.phrases import LISTS

EXAMPLE = """
# California ships from the West, unless that splits the order
rule west-coast: require nodes CA, NV
    when postal starts with 9, 80 and class is standard or vip
    from 2026-10-01 until 2027-01-31
    soft
    owner ops@brand
    because "two-day ground"
"""


def test_a_rule_reads_as_it_is_meant():
    assert text.parse(EXAMPLE, "brand") == Policy(
        "brand",
        (
            Rule(
                "west-coast",
                "require",
                (("nodes", "CA,NV"), ("order_classes", "standard,vip"), ("postal_prefixes", "9,80")),
                hard=False,
                valid_from=date(2026, 10, 1),
                valid_to=date(2027, 1, 31),
                because="two-day ground",
                owner="ops@brand",
            ),
        ),
    )


def test_what_is_written_is_what_was_read_without_the_comment():
    written = text.write(text.parse(EXAMPLE))
    assert written == (
        "rule west-coast: require nodes CA, NV\n"
        "    when class is standard or vip and postal starts with 9, 80\n"
        "    from 2026-10-01 until 2027-01-31\n"
        "    soft\n"
        "    owner ops@brand\n"
        '    because "two-day ground"\n'
    )


def test_the_default_policy_in_words():
    assert text.write(policy.default_policy()) == (
        "policy default\n"
        "\n"
        "rule active: active\n"
        "rule certification: certification\n"
        "rule pool: pool\n"
        "rule ceiling: ceiling\n"
        "\n"
        "rule promise: promise 0.9\n"
        "    soft\n"
        "\n"
        "rule max_shipments: max_shipments 3\n"
        "    soft\n"
    )
    assert text.parse(text.write(policy.default_policy())) == policy.default_policy()


@pytest.mark.parametrize(
    ("said", "parameters"),
    [
        ("prefer nodes CA services ups:ground worth 1.50", (("nodes", "CA"), ("services", "ups:ground"), ("cents", "150"))),
        ("prefer worth $1.5 nodes CA", (("nodes", "CA"), ("cents", "150"))),
        ("source_floor_days 7 days at CA", (("days", "7"), ("nodes", "CA"))),
        ("source_floor_days 1 day", (("days", "1"),)),
        ("promise 90%", (("min_probability", "0.9"),)),
        ('review_above "operations lead" plan above 90', (("role", "operations lead"), ("plan_cost_cents", "9000"))),
        ("hazmat not by ups:air, dhl:air", (("services", "ups:air,dhl:air"),)),
        ("hazmat lithium, hazmat not by ups:air", (("requires", "lithium,hazmat"), ("services", "ups:air"))),
        ("oversize longer than 1200 mm only by x:ltl", (("longest_mm", "1200"), ("services", "x:ltl"))),
        ("hold for desk within 24 hours then cancel when tag is fraud", (("role", "desk"), ("hours", "24"), ("then", "cancel"), ("tags", "fraud"))),
        ("forbid when country is US, CA or MX", (("countries", "US,CA,MX"),)),
        ('forbid nodes "from", "a b" when value at least 5 and value at most 7.05', (("nodes", "from,a b"), ("min_value_cents", "500"), ("max_value_cents", "705"))),
    ],
)  # fmt: skip
def test_kinds_take_their_values_in_their_own_words(said, parameters):
    assert text.parse(f"rule r: {said}").rules[0].parameters == parameters


def test_lines_may_break_anywhere_and_comments_stand_anywhere():
    said = 'policy "my brand" # mine\nrule r # the first\n : forbid\n nodes CA,\n NV # west\nrule s: active'
    assert text.parse(said) == Policy("my brand", (Rule("r", "forbid", (("nodes", "CA,NV"),)), Rule("s", "active")))
    assert text.read(said).lines == {"r": 2, "s": 6}
    assert text.parse("") == Policy("policy", ())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("rul a: active", "line 1, column 1: 'rul' begins no rule; write: rule NAME: KIND"),
        ("rule a active", "line 1, column 8: a colon stands after the rule's name, not 'active'; write: rule a: …"),
        ("rule a: forbidd nodes CA", "line 1, column 9: 'forbidd' is no kind of rule; did you mean 'forbid'?"),
        ("rule a:", "line 1, column 8: the end of the text is no kind of rule; use one of active, automatic, ceiling"),
        ("rule a: forbid\n  node CA", "line 2, column 3: 'node' is not understood here; did you mean 'nodes'? forbid takes"),
        ("rule a: forbid nodes CA class is vip", "line 1, column 25: conditions stand after `when`; write: when class is A or B"),
        ("rule a: forbid nodes CA when clas is vip", "line 1, column 30: 'clas' begins no condition; did you mean `class is A or B`?"),
        ("rule a: forbid nodes CA when class is not vip", "column 39: there is no `not`; list a `permit` for the exceptions"),
        ("rule a: promise when item is MUG", "column 22: promise cannot ask `item is`; it can ask class is, channel is"),
        ("rule a: active when class is vip", "active cannot ask `class is`; it can ask nothing"),
        ("rule a: forbid nodes when class is vip", "a name of nodes that may not ship is missing before 'when'; if that is the name, write \"when\" in quotes"),
        ("rule a: max_shipments three", "column 23: 'three' is no whole number; write 3"),
        ("rule a: prefer nodes CA worth 1.505", "'1.505' is no amount of money; write worth 12.50"),
        ("rule a: promise 1.5", "'1.5' is no share from 0 to 1; write 0.9"),
        ("rule a: active from tomorrow", "column 21: 'tomorrow' is no day; write from 2026-11-20"),
        ("rule a: active soft hard", "column 21: 'hard' stands twice in this rule; keep one"),
        ("rule a: active becuase x", "'becuase' is not understood here; did you mean 'because'?"),
        ("rule a: forbid nodes CA nodes NV", "column 25: nodes stands twice; keep one"),
        ("rule a: forbid when tag is a and tag is b", "`tag is` stands twice; write one list, such as tag is A or B"),
        ('rule a: active because "no end', "column 24: the quote is not closed"),
        ('rule a: active because "a\\x"', "a backslash stands before n, t, r"),
        ('rule a: forbid nodes "CA,NV"', "'CA,NV' holds a comma, which no name may; quote each name by itself"),
        ('rule a: forbid nodes ""', "the name is empty"),
        ("rule a: active\nrule a: pool", "line 2, column 1: rule 'a' stands twice"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place_and_what_to_write(said, told):
    with pytest.raises(text.PolicyTextError) as caught:
        text.parse(said)
    assert told in str(caught.value)


def test_every_rule_tells_its_first_problem():
    with pytest.raises(text.PolicyTextError) as caught:
        text.parse('rule a: nope\nrule b: active\nrule c: max_shipments x\n  because "open\nrule d: active from 1')
    assert [problem.line for problem in caught.value.problems] == [1, 3, 4, 5]


def test_a_policy_that_cannot_compile_is_not_written():
    for rule, says in (
        (Rule("r", "nope"), "there is no kind 'nope'"),
        (Rule("r", "active", (("x", "1"),)), "x is no parameter of this kind"),
        (Rule("r", "max_shipments", (("shipments", "1"), ("shipments", "1"))), "stands twice"),
        (Rule("r", "max_shipments", (("shipments", "one"),)), "is 'one', which cannot be written as count"),
    ):
        with pytest.raises(ValueError, match=r"rule r") as caught:
            text.write(Policy("p", (rule,)))
        assert says in str(caught.value)


def test_values_of_a_table_are_spelled_in_one_way():
    loose = Policy("policy", (Rule("r", "forbid", (("max_units", "007"), ("nodes", " CA , NV,"))),))
    tidy = Policy("policy", (Rule("r", "forbid", (("nodes", "CA,NV"), ("max_units", "7"))),))
    assert text.canonical(loose) == tidy == text.parse(text.write(loose))


WORDS = ["CA", "a b", "ups:ground", "when", "not", "nodes", "of", "class", "9", "é", 'q"uote', "x#y", "#", "back\\slash",
         "a:", ":", "worth", "to", "-", "rule", "by", "plan", "\n", "\u2028x", "or"]  # fmt: skip
NAMES = st.sampled_from(WORDS) | st.text(min_size=1, max_size=8)
LIST_NAMES = NAMES.map(lambda name: name.replace(",", "").strip()).filter(bool)


def values(parameter):
    match parameter.type:
        case kind if kind in LISTS:
            return st.lists(LIST_NAMES, min_size=1, max_size=3).map(",".join)
        case "share":
            return st.sampled_from(["0", "1", "0.9", "0.125"])
        case "text":
            return NAMES.map(str.strip).filter(bool)
        case _:
            return st.integers(1, 10**15).map(str)


@st.composite
def rules(draw, kind):
    chosen = [p for p in kind.parameters if p.required or draw(st.booleans())]
    days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
    return Rule(
        draw(NAMES),
        kind.name,
        tuple((p.name, draw(values(p))) for p in chosen),
        hard=draw(st.booleans()),
        valid_from=draw(days | st.just(date.min)),
        valid_to=draw(days | st.just(date.max)),
        because=draw(st.text(max_size=12) | st.sampled_from(['say "no"', "two\nlines", "\\"])),
        owner=draw(st.text(max_size=6) | st.sampled_from(["ops@brand", "because"])),
    )


@pytest.mark.parametrize("kind", policy.describe(), ids=lambda kind: kind.name)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_every_kind_reads_back_as_it_was_written(kind, data):
    found = data.draw(st.lists(rules(kind), min_size=1, max_size=3, unique_by=lambda rule: rule.id))
    meant = Policy(data.draw(NAMES), tuple(found))
    assert text.canonical(meant) == meant
    assert text.parse(text.write(meant)) == meant


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*WORDS, "rule", "r", ":", "forbid", "nodes", ",", "when", "is", '"']), max_size=20).map(
        " ".join
    )
)
def test_any_text_is_read_or_refused_in_words(said):
    try:
        text.parse(said)
        problems = []
    except text.PolicyTextError as refused:
        problems = refused.problems or ["it says nothing"]
    lines = said.count("\n") + 1
    assert all(1 <= problem.line <= lines and problem.column >= 1 and problem.said for problem in problems)
