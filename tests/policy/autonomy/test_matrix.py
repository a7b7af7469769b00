"""Every cell of the matrix has its verdict written down, and a changed line changes cells that can be seen."""

from tests.policy.autonomy.matrix import AGES, MONEY, SCOPES, SURE, TABLE, differences, every_cell, read, said_of
from tests.policy.autonomy.shop import DAY, RULES, shop

from evenstock.domain import ActionKind
from evenstock.policy.lint import lint

TEXT = TABLE.read_text("utf-8")


def test_every_cell_says_what_is_written_down():
    assert differences(TEXT, shop()) == {}


def test_the_matrix_is_whole_and_every_sign_of_its_legend_stands_in_it():
    signs, cells = read(TEXT)
    assert len(cells) == len(ActionKind) * len(SCOPES) * 2 * len(MONEY) * len(SURE) * len(AGES) == 9072
    assert set(cells.values()) == set(signs)
    assert len(set(signs.values())) == len(signs)


def test_a_cell_without_an_expectation_fails():
    lines = TEXT.splitlines()
    (gone,) = (line for line in lines if line.startswith("transfer TX-power agent"))
    wrong = differences("\n".join(line for line in lines if line is not gone), shop())
    assert len(wrong) == len(MONEY) * len(SURE) * len(AGES)
    assert set(wrong.values()) == {"no expectation"}
    assert {cell[:3] for cell in wrong} == {("transfer", "TX-power", "agent")}


def test_a_changed_line_changes_cells_that_can_be_seen():
    """Texas up to 1,000.00: its transfers of 2,000.00 on sure and fresh data go to a person, and nothing else changes."""
    changed = RULES.replace("node is TX and value at most 2000", "node is TX and value at most 1000")
    assert changed != RULES
    wrong = differences(TEXT, shop(changed))
    assert {cell[:4] for cell in wrong} == {
        ("transfer", "TX", "planner", "2000"),
        ("transfer", "TX-acme", "planner", "2000"),
    }
    assert {(cell[4], cell[5]) for cell in wrong} == {(sure, age) for sure in ("95%", "80%") for age in ("10m", "3h")}
    assert "('propose', 'texas-moves'), and ('automatic', 'texas-moves') is expected" in wrong.values()


def test_every_rule_of_the_shop_changes_cells():
    """A rule dropped changes the matrix, but for the region, without which the policy is none, and China, which no cell asks."""
    ready = shop()
    cells = [*every_cell()]
    before = [said_of(ready, cell) for cell in cells]
    unseen = []
    for rule in ready.policy.rules:
        if rule.kind == "region":
            continue
        lines = [line for line in RULES.splitlines() if line.strip()]
        first = next(k for k, line in enumerate(lines) if line.startswith(f"rule {rule.id}:"))
        last = next((k for k in range(first + 1, len(lines)) if lines[k].startswith("rule ")), len(lines))
        without = shop("\n".join(lines[:first] + lines[last:]))
        if [said_of(without, cell) for cell in cells] == before:
            unseen.append(rule.id)
    assert unseen == ["china"]


def test_lint_finds_nothing_wrong_with_the_shop():
    assert lint(shop(), DAY) == ()
