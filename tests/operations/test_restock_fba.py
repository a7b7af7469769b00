"""What goes to Amazon's own pool: every fee counts, a limit has its price, and nothing comes back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.domain import Costs, NodeKind
from evenstock.forecasting import Forecast
from evenstock.operations.network import Network
from evenstock.operations.plan_transfers import plan_transfers
from evenstock.operations.restock_fba import (
    Binding,
    FbaRestock,
    fba_tonight,
    more_unit_days,
    only_into_fba,
    restock_fba,
)
from evenstock.operations.tonight.closed import CLOSED_POOL
from evenstock.operations.tonight.decide import OURS, decide
from evenstock.operations.tonight.question import Tonight, tonight
from evenstock.rebalancing.moves import Moves
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
DAYS = 10
NAMES = ["AMZ", "PA", "TX"]
FREE = {"line_benefit_cents": 0, "line_benefit_bp": 0, "holding_bp_per_year": 0, "capital_bp_per_year": 0}


def network(**changed: pl.DataFrame) -> Network:
    """Two own warehouses and Amazon's pool; a unit sells at 30.00, costs 12.00, goodwill 3.00: a lost sale costs 21.00."""
    frames = {
        "nodes": pl.DataFrame(
            {
                "node": NAMES,
                "kind": ["fba", "own", "own"],
                "postal_code": ["19055", "19001", "75001"],
                "timezone": "America/Chicago",
                "pool": ["amazon", "own", "own"],
            }
        ),
        "items": pl.DataFrame({"sku": ["MUG"], "weight_g": 400, "unit_cost_cents": 1200, "price_cents": 3000}),
        "lanes": pl.DataFrame(
            {
                "origin": ["TX", "PA", "TX", "AMZ", "AMZ"],
                "destination": ["AMZ", "AMZ", "PA", "TX", "PA"],
                "unit_cents": [100, 80, 50, 1, 1],
                "lead_days": [2, 2, 1, 1, 1],
                "dispatch_days": "1234567",
            }
        ),
        "rate_cards": pl.DataFrame(
            {"service": ["g:ground"], "valid_from": [NOW.date()], "fuel_bp": [0], "max_weight_g": 1000}
        ),
        "rates": pl.DataFrame(
            {"service": "g:ground", "valid_from": NOW.date(), "zone": [2, 3], "max_weight_g": 1000, "cents": [500, 800]}
        ),
        "zones": pl.DataFrame(
            {
                "origin_zip3": ["750", "750", "190", "190"],
                "destination_zip3": ["750", "190", "750", "190"],
                "zone": [2, 3, 3, 2],
            }
        ),
        "costs": pl.DataFrame(
            {"cost": [*FREE, "horizon_days"], "amount": [*FREE.values(), DAYS], "because": "arithmetic in sight"}
        ),
    }
    return Network.from_frames(frames | changed)


def balances(stock: dict[str, list[int]]) -> pl.DataFrame:
    rows = [(sku, node, units, 0) for sku, each in stock.items() for node, units in zip(NAMES, each, strict=True)]
    return pl.DataFrame(rows, schema=["sku", "node", "available", "buffer"], orient="row")


def forecast(daily: dict[str, list[int]]) -> Forecast:
    keys = pl.DataFrame([(sku, n) for sku in daily for n in NAMES], schema=["sku", "node"], orient="row")
    mu = np.array([each for of in daily.values() for each in of], float)[:, None] * np.ones(DAYS)
    nothing = np.zeros(len(mu))
    return Forecast(keys, NOW.date(), mu, nothing, nothing, "known", NOW.date() - timedelta(days=1))


def question(stock: list[int], daily: list[int], here: Network | None = None) -> Tonight:
    """Stock and sales a day at Amazon, in Pennsylvania and in Texas; exactly so many sell on every day."""
    asked = tonight(
        here or network(), balances=balances({"MUG": stock}), transfers=[], forecast=forecast({"MUG": daily}),
        on=NOW.date(), n_paths=2, seed=0,
    )  # fmt: skip
    paths = np.array(daily)[None, :, None, None] * np.ones((1, 3, 2, DAYS), np.int32)
    return replace(asked, problem=replace(asked.problem, paths=paths.astype(np.int32)))


def restock(asked: Tonight, **costs: int) -> FbaRestock:
    return restock_fba(asked, Costs(**(FREE | costs)))


def with_nodes(**columns: object) -> pl.DataFrame:
    """The nodes with a column of Amazon's."""
    base = {"node": NAMES, "kind": ["fba", "own", "own"], "postal_code": ["19055", "19001", "75001"]}
    amazons = {
        name: [value, None if value is None else 0, None if value is None else 0] for name, value in columns.items()
    }
    return pl.DataFrame(base | {"timezone": "America/Chicago", "pool": ["amazon", "own", "own"]} | amazons)


def test_a_shortage_in_the_pool_is_a_lost_sale_and_elsewhere_a_longer_parcel():
    asked = question([0, 50, 50], [1, 1, 1])

    assert asked.shortage.shortage_cents.tolist() == [[1800 + 300, 300, 300]]
    assert asked.shortage.next_node.tolist() == [[-1, 2, 1]], "nobody serves Amazon's customers, Amazon serves nobody"


def test_what_the_pool_will_miss_is_sent_from_where_it_costs_least():
    """5 a day and 10 there: out after 2 days, when the goods arrive; 8 days of 5 are missed."""
    found = restock(question([10, 100, 100], [5, 0, 0]))
    (row,) = found.rows

    assert (row.position, row.cover_before, row.cover_after) == (10, 2, 10)
    assert (row.units, row.sent_from, row.cases) == (40, (("PA", 40),), 40)
    assert (row.worth_cents, row.freight_cents, row.net_cents) == (40 * 2100, 40 * 80, 40 * 2020)
    assert row.sentence.startswith("AMZ has 2 days of cover: 40 from PA save 840.00 for 32.00 of fees and freight")
    assert (found.units, found.net_cents, found.bound_cents) == (40, 80_800, 80_800)
    assert [(line.origin, line.destination, line.units) for line in found.lines] == [("PA", "AMZ", 40)]


def test_placement_is_paid_for_each_unit_received():
    asked = question([10, 100, 100], [5, 0, 0], network(nodes=with_nodes(receive_unit_cents=30)))
    (row,) = restock(asked).rows

    assert row.placement_cents == 40 * 30
    assert row.cost_cents == 40 * (80 + 30)


def test_a_placement_fee_beyond_the_margin_sends_nothing():
    asked = question([10, 100, 100], [5, 0, 0], network(nodes=with_nodes(receive_unit_cents=2050)))
    (row,) = restock(asked).rows

    assert row.units == 0
    assert row.binding is Binding.NOTHING
    assert row.sentence.endswith("nothing goes; the next case of 1 would bring 21.00 and cost at least 21.30.")


def test_storage_by_volume_is_counted_for_as_long_as_goods_lie_there():
    """1 a day and none there. Sent tonight, the first of 8 units sells on arrival, the last lies 7 evenings: 28 in all.

    A litre at 365,000 cents a cubic metre and month is 365 × 12 / 365 = 12 cents an evening.
    """
    litre = pl.DataFrame(
        {"sku": ["MUG"], "weight_g": 400, "unit_cost_cents": 1200, "price_cents": 3000, "length_mm": 100,
         "width_mm": 100, "height_mm": 100}
    )  # fmt: skip
    nodes = with_nodes(storage_cents_m3_month=365_000)
    asked = question([0, 100, 100], [1, 0, 0], network(nodes=nodes, items=litre))
    (row,) = restock(asked).rows

    assert more_unit_days(asked.problem, Moves.gather([0], [1], [8]))[0].tolist() == [28, 0, 0]
    assert (row.units, row.worth_cents, row.storage_cents) == (8, 8 * 2100, 28 * 12)
    assert row.net_cents == 8 * (2100 - 80) - 336


def test_storage_makes_a_slow_mover_not_worth_sending():
    """A case of 10 comes on the third day and sells one a day: 9 units lie there that evening, 2 on the last, 44 in all.

    At 4.00 an evening that is 176.00 against 8 x 21.00 less 8.00 of freight; at 0.12 it pays.
    """
    slow = pl.DataFrame(
        {"sku": ["MUG"], "weight_g": 400, "unit_cost_cents": 1200, "price_cents": 3000, "length_mm": 100,
         "width_mm": 100, "height_mm": 100, "case_units": 10}
    )  # fmt: skip
    dear, cheap = (
        restock(question([0, 100, 100], [1, 0, 0], network(nodes=with_nodes(storage_cents_m3_month=fee), items=slow)))
        for fee in (365_000 * 400 // 12, 365_000)
    )

    assert (dear.units, cheap.units) == (0, 10)
    assert cheap.rows[0].storage_cents == 44 * 12
    assert dear.rows[0].missed_thousandths == 10_000
    assert "nothing goes; the next case of 10 would bring" in dear.rows[0].sentence


def test_an_acceptance_limit_binds_and_its_price_is_told():
    """25 accepted and 10 there: 15 of the 40 may come. The other 25 would net 25 x (21.00 - 0.80)."""
    accepted = pl.DataFrame({"sku": [""], "node": ["AMZ"], "most_units": [25]})
    found = restock(question([10, 100, 100], [5, 0, 0], network(stock_targets=accepted)))
    (row,) = found.rows

    assert (row.units, row.binding, row.left_cents) == (15, Binding.ACCEPTANCE, 25 * 2020)
    assert found.acceptance_cents == 25 * 2020
    assert row.sentence.endswith("without the limit of acceptance it would net 505.00 more.")


def test_a_full_dock_binds_and_its_price_is_told():
    nodes = with_nodes().with_columns(transfer_units_in=pl.Series([12, None, None], dtype=pl.Int64))
    found = restock(question([10, 100, 100], [5, 0, 0], network(nodes=nodes)))

    assert (found.rows[0].units, found.rows[0].binding) == (12, Binding.DOCK)
    assert found.shared_cents == found.rows[0].left_cents == 28 * 2020


def test_what_no_origin_has_is_said_with_what_it_costs_at_most():
    found = restock(question([10, 6, 0], [5, 0, 0]))

    assert (found.rows[0].units, found.rows[0].binding) == (6, Binding.STOCK)
    assert found.rows[0].left_cents == 34 * (2100 - 80)


def test_a_lane_that_does_not_leave_tonight_is_said():
    weekly = network().lanes  # Friday the 20th; the lanes leave on Mondays
    here = replace(network(), lanes=tuple(replace(lane, dispatch_days=frozenset({0})) for lane in weekly))
    found = restock(question([10, 100, 100], [5, 0, 0], here))

    assert (found.rows[0].units, found.rows[0].binding) == (0, Binding.LANE)
    assert "no lane into it leaves tonight" in found.rows[0].sentence


def test_too_little_to_bother_with_stays_and_is_said():
    """The two units missed bring 42.00 less 1.60; a line must bring 50.00."""
    found = restock(question([48, 100, 100], [5, 0, 0]), line_benefit_cents=5000)

    assert (found.rows[0].units, found.rows[0].binding, found.rows[0].left_cents) == (0, Binding.MINIMUM, 2 * 2020)


@pytest.mark.parametrize(("price", "sent"), [(3000, 40), (1300, 0)])
def test_the_pool_takes_from_own_stock_only_what_is_worth_more_there(price: int, sent: int):
    """Pennsylvania needs all it has; without it each order comes from Texas at 3.00 more.

    Sold through Amazon a unit saves 21.00 and pays 0.80 on the way; at a price of 13.00 a lost sale costs 2.30 at either end.
    """
    item = pl.DataFrame({"sku": ["MUG"], "weight_g": 400, "unit_cost_cents": 1200, "price_cents": price})
    lanes = pl.DataFrame(
        {"origin": ["PA"], "destination": ["AMZ"], "unit_cents": [80], "lead_days": [2], "dispatch_days": "1234567"}
    )
    asked = question([10, 100, 500], [5, 10, 0], network(items=item, lanes=lanes))
    found = restock(asked)

    assert asked.problem.shortage_cents[0, 1] == min(300, price - 1200 + price // 10)
    assert found.units == sent
    if sent:
        assert found.rows[0].worth_cents == 40 * (2100 - 300)


def test_nothing_ever_leaves_the_pool():
    """All stock lies at Amazon, the way back is nearly free, and the warehouses are empty: it stays, and the reason is kept."""
    asked = question([500, 0, 0], [1, 20, 20])
    pooled = [n for n, lane in enumerate(network().lanes) if lane.origin == "AMZ"]

    assert not asked.problem.usable[:, pooled].any()
    assert {asked.reasons[asked.because[0, lane]] for lane in pooled} == {CLOSED_POOL}
    assert len(restock(asked).lines) == 0
    assert len(decide(asked, Costs(**FREE), method=OURS, seed=0).solution.moves) == 0
    with pytest.raises(ValueError, match="forbidden"):
        asked.problem.after(Moves.gather([0], [pooled[0]], [1]))


def test_only_lanes_into_the_pool_are_open():
    asked = only_into_fba(question([0, 100, 0], [1, 1, 20]))
    open_lanes = [network().lanes[n] for n in np.flatnonzero(asked.problem.usable[0])]

    assert {(lane.origin, lane.destination) for lane in open_lanes} == {("TX", "AMZ"), ("PA", "AMZ")}


def test_a_network_without_a_pool_says_what_to_add():
    own = with_nodes().with_columns(kind=pl.lit(NodeKind.OWN.value))

    with pytest.raises(ValueError, match="no node of the network is of kind fba"):
        restock(question([0, 100, 100], [1, 1, 1], network(nodes=own)))


def test_the_books_are_read_and_nothing_is_kept():
    store = MemoryStore()
    found = fba_tonight(store, network(), forecast({"MUG": [5, 0, 0]}), on=NOW.date(), seed=0, n_paths=4)

    assert found.units == 0
    assert found.rows[0].missed_thousandths > 20_000
    with store.reading() as books:
        assert books.plans(limit=1) == []
    assert (
        plan_transfers(store, network(), forecast({"MUG": [5, 0, 0]}), inputs={}, now=NOW, seed=0, n_paths=4).plan.lines
        == ()
    )
