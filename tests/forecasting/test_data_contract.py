"""The data contract, clause by clause: what is found in a history, what is done about it, and that nothing else changes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.forecasting import DemandHistory, fit, prepare
from evenstock.forecasting.data_contract import CHANGES, CONTRACT, MOST_LISTED, Clause
from evenstock.forecasting.repairs import split_returns
from evenstock.forecasting.spikes import cap_spikes
from evenstock.forecasting.substitution import without_spill

DAY = date(2026, 3, 2)
SCHEMA = {"date": pl.Date, "sku": pl.String, "node": pl.String, "units": pl.Int64}


def on(k: int) -> date:
    return DAY + timedelta(days=k)


AS_OF = on(40)


def series(sku: str = "A", units: Callable[[int], int] = lambda k: 2 + k % 3, days: range = range(40)) -> pl.DataFrame:
    """Two to four units a day: nothing odd about it."""
    return pl.DataFrame([(on(k), sku, "TX", units(k)) for k in days], schema=SCHEMA, orient="row")


def with_day(units: object) -> pl.DataFrame:
    """The same, with other units on the eleventh day."""
    usual = series()["units"].to_list()
    return series().with_columns(units=pl.Series([*usual[:10], units, *usual[11:]], strict=False))


@dataclass
class Case:
    """A frame with one oddity, and what the history must say of it."""

    demand: pl.DataFrame
    cell: tuple[int, int, bool] | None = None
    """Column of series A; units there; whether it counts as seen."""
    listed: list[tuple[object, ...]] | None = None
    """(sku, node, date, before, after) of each change."""
    total: int = 1
    beside: frozenset[str] = frozenset()
    """Clauses that cannot but speak too."""


ELEVENTH = ("A", "TX", on(10))
CASES = {
    "columns": Case(series().drop("units")),
    "types": Case(series().with_columns(date=pl.col("date").cast(pl.Datetime))),
    "empty_key": Case(series().with_columns(node=pl.lit(None, dtype=pl.String))),
    "fraction": Case(with_day(0.5)),
    "no_rows": Case(series().filter(pl.col("date") >= AS_OF)),
    "copy": Case(pl.concat([series(), series()[10:11]]), (10, 3, True), [(*ELEVENTH, 6, 3)]),
    "added_up": Case(
        pl.concat([series(), series()[10:11].with_columns(units=pl.lit(7, pl.Int64))]),
        (10, 10, True),
        [(*ELEVENTH, 7, 10)],
    ),
    "negative": Case(with_day(-5), (10, 0, True), [(*ELEVENTH, -5, 0)]),
    "spike": Case(with_day(9_000_000), (10, 20, True), [(*ELEVENTH, 9_000_000, 20)]),
    # B sold 29 in its ten days before; half of its customers took A on the eleventh: one whole unit.
    "substitute": Case(
        pl.concat([series(), series("B").with_columns(in_stock=pl.col("date") != on(10))], how="diagonal"),
        (10, 2, True),
        [(*ELEVENTH, 3, 2)],
        beside=frozenset({"stock_out"}),
    ),
    "not_a_number": Case(with_day(None), (10, 0, False), [(*ELEVENTH, None, None)]),
    "beyond": Case(with_day(1_000_000_000), (10, 0, False), [(*ELEVENTH, 1_000_000_000, None)]),
    "stock_out": Case(
        series().with_columns(in_stock=pl.col("date") != on(10)), (10, 3, False), [(*ELEVENTH, None, None)]
    ),
    "silent": Case(
        pl.concat([series(f"S{i}", days=range(30)) for i in range(25)] + [series("A", days=range(30))]),
        (30, 0, False),
        [("", "TX", on(30), None, None)],
    ),
    "gap": Case(series().filter(pl.col("date") != on(10)), (10, 0, True), []),
    "future": Case(pl.concat([series(), series(days=range(40, 43))]), (10, 3, True), [("", "", None, None, None)], 3),
    "old": Case(
        pl.concat([series(), series(days=range(-2000, -1998))]), (1062, 3, True), [("", "", None, None, None)], 2
    ),
    "single": Case(
        pl.concat([series(), series("B", lambda _: 9, range(12, 13))]), (10, 3, True), [("B", "TX", None, None, None)]
    ),
    "constant": Case(pl.concat([series(), series("B", lambda _: 4)]), (10, 3, True), [("B", "TX", None, None, None)]),
    "never_sold": Case(pl.concat([series(), series("B", lambda _: 0)]), (10, 3, True), [("B", "TX", None, None, None)]),
    "no_category": Case(pl.concat([series(), series("B")]), (10, 3, True), [("B", "", None, None, None)]),
}
INSTEAD = pl.DataFrame({"sku": ["B"], "substitute": ["A"], "share": [0.5]})
ITEMS = {"no_category": pl.DataFrame({"sku": ["A"], "category": ["mugs"]})}


def prepared(rule: str) -> DemandHistory:
    history = prepare(CASES[rule].demand, AS_OF, items=ITEMS.get(rule))
    if rule == "substitute":
        return without_spill(history, INSTEAD)
    return cap_spikes(history) if rule == "spike" else history


def test_every_clause_of_the_contract_has_its_case():
    assert list(CASES) == [clause.rule for clause in CONTRACT]


def test_an_ordinary_history_is_not_touched():
    history = prepare(series(), AS_OF)

    assert history.units.tolist() == [series()["units"].to_list()]
    assert history.changes.is_empty()
    assert history.notes == ()
    assert cap_spikes(history) is history


@pytest.mark.parametrize("clause", [c for c in CONTRACT if c.outcome == "refused"], ids=lambda c: c.rule)
def test_what_no_rule_can_repair_is_refused(clause: Clause):
    for on_bad in ("repair", "refuse"):
        with pytest.raises(ValueError, match="demand"):
            prepare(CASES[clause.rule].demand, AS_OF, on_bad=on_bad)


@pytest.mark.parametrize("clause", [c for c in CONTRACT if c.outcome != "refused"], ids=lambda c: c.rule)
def test_what_was_done_is_the_clause_and_is_listed(clause: Clause):
    case, history = CASES[clause.rule], prepared(clause.rule)
    column, units, seen = case.cell
    row = history.keys["sku"].to_list().index("A")

    assert history.units[row, column] == units
    assert bool(history.seen(history.n_days)[row, column]) == seen
    listed = history.changes.filter(pl.col("rule") == clause.rule)
    assert listed.select("sku", "node", "date", "before", "after").rows() == case.listed
    assert set(listed["total"]) <= {case.total}
    assert listed["because"].str.len_chars().min() != 0
    assert history.changes.schema == pl.Schema(CHANGES)


@pytest.mark.parametrize("clause", [c for c in CONTRACT if c.outcome != "refused"], ids=lambda c: c.rule)
def test_only_its_own_clause_speaks_and_the_rest_of_the_history_stays_as_it_was(clause: Clause):
    history = prepared(clause.rule)
    row = history.keys["sku"].to_list().index("A")
    usual = {on(k): 2 + k % 3 for k in range(40)}
    others = [k for k in range(history.n_days) if k != CASES[clause.rule].cell[0]]
    if clause.rule == "silent":
        others = others[:30]

    assert set(history.changes["rule"]) <= {clause.rule} | CASES[clause.rule].beside
    wanted = [usual.get(history.first_day + timedelta(days=k), 0) for k in others]
    assert history.units[row][others].tolist() == wanted


@pytest.mark.parametrize("clause", [c for c in CONTRACT if c.outcome != "refused"], ids=lambda c: c.rule)
def test_whatever_is_odd_the_forecast_is_finite_and_near_what_was_wanted(clause: Clause):
    history = prepare(CASES[clause.rule].demand, AS_OF)
    forecast = fit(history, horizon=14)
    row = history.keys["sku"].to_list().index("A")

    assert np.isfinite(forecast.mu).all()
    assert np.isfinite(forecast.quantiles([0.1, 0.5, 0.95])).all()
    assert 2.0 < forecast.mu[row].mean() < 4.0


def test_everything_odd_at_once_gives_the_same_history_in_whatever_order_rows_come():
    odd = pl.concat(
        [
            case.demand.select("date", pl.col("sku") + f" {rule}", "node", pl.col("units").cast(pl.Float64))
            for rule, case in CASES.items()
            if rule not in {"columns", "types", "empty_key", "fraction"}
        ]
    )
    one, other = prepare(odd, AS_OF), prepare(odd.sample(fraction=1.0, shuffle=True, seed=4), AS_OF)

    assert (one.units == other.units).all()
    assert (one.hidden == other.hidden).all()
    assert one.changes.equals(other.changes)
    assert {"added_up", "negative", "not_a_number", "beyond"} <= set(one.changes["rule"])


def test_a_file_read_twice_is_read_once_and_order_lines_are_never_taken_for_copies():
    file = pl.concat([series(f"S{i}") for i in range(20)])
    assert prepare(pl.concat([file, file]), AS_OF).units.sum() == file["units"].sum()

    # Customers buy one or two at a time: many lines of a day are alike, and each is a sale.
    rng = np.random.default_rng(8)
    lines = pl.concat([series(f"S{i % 20}", lambda _: int(rng.integers(1, 3))) for i in range(100)])
    history = prepare(lines, AS_OF)
    assert history.units.sum() == lines["units"].sum()
    assert set(history.changes["rule"]) == {"added_up"}


def test_one_node_with_parts_makes_no_parts_of_another_nodes_copies():
    copied = series().with_columns(node=pl.lit("PA"))
    split = pl.concat([series(), series(units=lambda k: 1 + k % 4)])
    history = prepare(pl.concat([copied, copied, split]), AS_OF)

    assert history.units.sum(axis=1).tolist() == [copied["units"].sum(), split["units"].sum()]


ODD = st.one_of(
    st.sampled_from([None, float("nan"), float("inf"), float("-inf"), -7.0, 0.0, 1e7, 1e7 + 1, 1e9, 1e18]),
    st.integers(0, 30).map(float),
)
ROWS = st.lists(
    st.tuples(st.integers(-3, 45), st.sampled_from("AB"), st.sampled_from(["TX", "PA"]), ODD), min_size=1, max_size=60
)


@settings(max_examples=25)
@given(ROWS)
def test_whatever_stands_in_the_cells_counts_come_out_and_a_forecast_is_finite(rows):
    frame = pl.DataFrame(
        [(on(k), sku, node, units) for k, sku, node, units in rows], schema=SCHEMA | {"units": pl.Float64}, orient="row"
    )
    if frame["date"].min() >= AS_OF:
        return
    history = prepare(frame, AS_OF)
    forecast = fit(history, horizon=3)

    assert history.units.min() >= 0
    assert np.isfinite(forecast.mu).all()
    assert history.changes.null_count().select("rule", "sku", "node", "because", "total").sum_horizontal().item() == 0
    sane = frame.filter((pl.col("date") < AS_OF) & pl.col("units").is_between(0, 1e7))
    assert history.units.sum() <= sane["units"].sum()


def test_a_rule_that_applies_to_millions_lists_a_thousand_and_counts_all():
    out = pl.concat([series(f"S{i:03}") for i in range(50)]).with_columns(in_stock=pl.lit(value=False))
    changes = prepare(out, AS_OF).changes

    assert changes.height == MOST_LISTED
    assert set(changes["total"]) == {50 * 40}
    assert changes["date"][:40].to_list() == [on(k) for k in range(40)]


def test_a_returned_unit_is_kept_apart_and_never_lowers_demand():
    net = pl.concat([with_day(-5), series("B", lambda _: -1, range(2))])
    demand, returns = split_returns(net)

    assert returns.rows() == [(on(0), "B", "TX", 1), (on(1), "B", "TX", 1), (on(10), "A", "TX", 5)]
    assert demand["units"].sum() - returns["units"].sum() == net["units"].sum()
    assert prepare(demand, AS_OF).units.tolist() == prepare(net, AS_OF).units.tolist()


def test_a_single_row_of_a_billion_is_no_forecast_of_a_billion():
    lone = series("A", lambda _: 1_000_000_000, range(1))

    assert fit(prepare(lone, on(1))).mu.max() == 0.0


def test_the_first_days_of_a_launch_are_no_spikes():
    launched = series("A", lambda k: 480 + k, range(37, 40))

    assert cap_spikes(prepare(launched, AS_OF)).units.tolist() == [[517, 518, 519]]
    # But one day of 500 before two of none is.
    assert cap_spikes(prepare(series("A", lambda k: 500 * (k == 37), range(37, 40)), AS_OF)).units.tolist() == [
        [20, 0, 0]
    ]
