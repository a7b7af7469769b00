r"""The two writers of the one price list say the same of a unit, where they can; how far apart they may be is derived here.

The nightly price of one more unit at node :math:`w` is :math:`P(D_w > I_w)` times the smaller of the spill and the lost
sale. Routing's price is the dual of the transportation program of the orders,

.. math:: \min \sum_{ij} c_{ij} x_{ij} + \sum_j (c_{jj} + m_j) l_j, \quad \sum_j x_{ij} \le I_i, \quad \sum_i x_{ij} + l_j = D_j.

Take orders of one line and one unit, freight that is least at home, no ceilings, nothing on its way and no storing (the
nightly price counts it, routing does not). Call a future *calm* if what the short nodes lack fits into their next nodes
beside those nodes' own demand. Three statements follow, and each is a test:

1. In a calm future one more unit saves the spill where its node is short and nothing elsewhere: no order can cost less than
   home freight while its own node has units, and less than the next node's after that. So the nightly price is exact where
   every future is calm.
2. In any future a unit at a short node saves at least the smaller of spill and margin, and a unit anywhere saves at most
   the margin with goodwill :math:`m`. So the nightly price is never above routing's, and below it by at most
   :math:`P(\text{not calm})\,m`, and half a cent of rounding.
3. The ascent ends with a gap :math:`\varepsilon` between the optimum and the Lagrangian at its prices. The Lagrangian is
   linear in the stock and below the optimum for any stock, so the price lies between the value of the next unit less
   :math:`\varepsilon` and that of the last unit plus :math:`\varepsilon`.

Where they do not agree: a network that may run short as a whole. The nightly price charges the spill to a next node that has
stock *now*; a unit at a node with enough for itself is then worth nothing, though others will need it. Playing the paths with
orders routed (`rebalancing.shortage_cents`) recovers most of it, playing them with one unit more nearly all. And a repricing
answers the mean demand alone: within about two standard deviations of it its price is that of one future of many.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from tests.rebalancing.instances import problem
from tests.routing.prices.small import batch_of, order

from evenstock.domain import Cents, Costs, Grams, Item, Node, NodeId, NodeKind, Sku
from evenstock.forecasting import Forecast
from evenstock.freight.rates import RateBook
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.reprice import reprice
from evenstock.operations.spill import Shortage, region_freight_cents, shortage
from evenstock.operations.tonight.question import tonight
from evenstock.optimisation.program import Program
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.worth.evaluate import Rerouting, evaluate
from evenstock.rebalancing.worth.prices import price_rows, unit_prices
from evenstock.rebalancing.worth.spill import shortage_cents
from evenstock.routing.prices.ascent import ascend
from evenstock.routing.prices.scenarios import scenario_prices
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

ON, DAYS, FUTURES = date(2026, 11, 20), 7, 60
NAMES, AREAS = ("TX", "PA", "CA"), ("750", "190", "913")
CENTS = {2: 500, 3: 800, 4: 950, 5: 1300}
ZONES = [[2, 3, 4], [3, 2, 5], [4, 5, 2]]
"""Texas and Pennsylvania help each other at 300 cents more, California is helped from Texas at 450."""
DAILY = np.array([3.0, 3.0, 2.0])
MUG = Item(Sku("MUG"), Grams(400), price_cents=Cents(3000), unit_cost_cents=Cents(1200))
"""A lost sale costs 1,800 of margin and 300 of goodwill."""
PIN = Item(Sku("PIN"), Grams(5), price_cents=Cents(200), unit_cost_cents=Cents(50))
"""Rather lost, at 150 and 20, than sent from elsewhere."""
TIGHT = ([14, 14, 60], [22, 22, 22], [14, 25, 14], [60, 5, 5])


def freight_tables() -> dict[str, pl.DataFrame]:
    since = date(2026, 1, 1)
    lanes = [(AREAS[i], AREAS[j], ZONES[i][j]) for i in range(3) for j in range(3)]
    return {
        "rate_cards": pl.DataFrame({"service": ["g:ground"], "valid_from": [since], "fuel_bp": [0], "max_weight_g": 1000}),
        "rates": pl.DataFrame(
            {"service": "g:ground", "valid_from": since, "zone": list(CENTS), "max_weight_g": 1000, "cents": list(CENTS.values())}
        ),
        "zones": pl.DataFrame(lanes, schema=["origin_zip3", "destination_zip3", "zone"], orient="row"),
    }  # fmt: skip


@dataclass(frozen=True)
class Market:
    """One item, three nodes, a week of Poisson demand by region, and both sides' question about it."""

    problem: Problem
    short: Shortage
    freight: np.ndarray
    """Of one unit from node to region, ``(node, region)``."""
    wanted: np.ndarray
    """Units of the week by future and region."""

    @property
    def stock(self) -> np.ndarray:
        return self.problem.on_hand[0]

    @property
    def margin(self) -> int:
        return int(self.short.lost_cents[0, 0])

    @property
    def lost(self) -> np.ndarray:
        """What a repricing charges for a line left out, by region."""
        return self.freight.diagonal() + self.margin

    @property
    def routes(self) -> Rerouting:
        near = np.array([[1, 2], [0, 2], [0, 1]])
        return Rerouting(self.short.lost_cents, np.minimum(self.short.spill_cents, self.short.lost_cents), near)


def market(stock: list[int], item: Item = MUG, seed: int = 0) -> Market:
    book = RateBook.from_frames(**freight_tables())
    nodes = [Node(NodeId(n), NodeKind.OWN, f"{z}01", "America/Chicago") for n, z in zip(NAMES, AREAS, strict=True)]
    regions = {k: {area: 1.0} for k, area in enumerate(AREAS)}
    paths = np.random.default_rng(seed).poisson(DAILY[None, :, None, None], (1, 3, FUTURES, DAYS))
    short = shortage(book, nodes, [item], np.array([stock]), regions, Costs(), ON)
    freight = region_freight_cents(book, nodes, [item], regions, ON)[:, :, 0]
    asked = problem(paths, [stock], shortage_cents=short.shortage_cents)
    return Market(asked, short, freight.astype(np.int64), paths[0].sum(axis=2).T)


def least_cents(m: Market, stock: np.ndarray) -> float:
    """Mean cost of the best routing of each future by itself, if it is known."""
    program = Program()
    sent = program.columns((FUTURES, 3, 3), cost=m.freight)
    lost = program.columns((FUTURES, 3), cost=m.lost)
    there = program.rows("only what is there", (FUTURES, 3), upper=stock)
    every = program.rows("every order ships or is lost", (FUTURES, 3), lower=m.wanted, upper=m.wanted)
    program.put(there[:, :, None], sent)
    program.put(every[:, None, :], sent)
    program.put(every, lost)
    return program.solve().objective / FUTURES


def unit_values(m: Market, more: int = 1) -> np.ndarray:
    """Mean saving of one unit more at each node, or cost of one less: routing's price, exactly."""
    step = [least_cents(m, m.stock + more * unit) for unit in np.eye(3, dtype=int)]
    return (least_cents(m, m.stock) - np.array(step)) / more


def ascents(m: Market) -> tuple[np.ndarray, float]:
    """Mean prices of routing's ascent over the futures, and the mean gap of duality at these prices."""
    batch = batch_of([order([[int(c)] for c in m.freight[:, region]], [0], parcel=0) for region in range(3)])
    prices, answers = [], []
    for wanted in m.wanted:
        price = ascend(batch, wanted.astype(float), m.stock[:, None], lost=m.lost.astype(float)).price[:, 0]
        prices.append(price)
        answers.append(wanted @ np.minimum(m.lost, (m.freight + price[:, None]).min(axis=0)) - price @ m.stock)
    return np.mean(prices, axis=0), least_cents(m, m.stock) - float(np.mean(answers))


def restless(m: Market) -> float:
    """Share of futures that are not calm."""
    missing = np.maximum(m.wanted - m.stock, 0)
    asked = m.wanted.copy()
    for region, helper in enumerate(m.short.next_node[0]):
        asked[:, helper] += missing[:, region]
    full = (asked > m.stock)[:, m.short.next_node[0]]
    return float(((missing > 0) & full).any(axis=1).mean())


def test_with_stock_to_spare_both_say_that_a_unit_is_worth_nothing():
    m = market([60, 60, 60])

    assert unit_prices(m.problem).tolist() == [[0, 0, 0]]
    assert ascents(m)[0].tolist() == [0, 0, 0]
    assert unit_values(m).tolist() == [0, 0, 0]


@pytest.mark.parametrize("item", [MUG, PIN])
@pytest.mark.parametrize("texas", [10, 14, 20, 28])
def test_where_one_node_may_run_short_both_say_the_chance_times_the_spill(texas: int, item: Item):
    m = market([texas, 80, 60], item)
    nightly, routing = unit_prices(m.problem)[0], unit_values(m)
    chance = (m.wanted[:, 0] > texas).mean()

    assert m.short.spill_cents[0, 0] == 300
    assert nightly[0] == pytest.approx(chance * (300 if item is MUG else 170), abs=0.5)
    assert nightly == pytest.approx(routing, abs=0.5)


@pytest.mark.parametrize("stock", [[14, 80, 60], [20, 80, 60], *TIGHT])
def test_the_ascent_lies_between_the_next_unit_and_the_last_but_for_its_gap(stock: list[int]):
    m = market(stock)
    price, gap = ascents(m)

    assert (price >= unit_values(m) - gap - 1e-6).all()
    assert (price <= unit_values(m, more=-1) + gap + 1e-6).all()


@pytest.mark.parametrize("texas", [14, 20, 28])
def test_the_ascent_and_the_nightly_price_agree_within_a_twentieth_of_the_spill(texas: int):
    """The bracket of statement 3 is wider; this is how near the ascent of sixty sweeps comes."""
    m = market([texas, 80, 60])

    assert ascents(m)[0] == pytest.approx(unit_prices(m.problem)[0], abs=300 / 20)


def test_futures_that_each_side_draws_for_itself_differ_by_their_sampling_error():
    """With chance p, so many futures leave sqrt(p (1 - p) / n) of it on each side: three of both, and the ascent's twentieth."""
    m = market([20, 80, 60])
    batch = batch_of([order([[int(c)] for c in m.freight[:, region]], [0], parcel=0) for region in range(3)])
    drawn = scenario_prices(batch, DAYS * DAILY, m.stock[:, None], FUTURES, 5, lost=m.lost.astype(float))[:, :, 0]
    chance = (m.wanted[:, 0] > 20).mean()
    error = 300 * np.sqrt(2 * chance * (1 - chance) / FUTURES)

    assert drawn.mean(axis=0) == pytest.approx(unit_prices(m.problem)[0], abs=3 * error + 300 / 20)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("stock", [[20, 80, 60], [20, 40, 30], [26, 26, 20], *TIGHT])
def test_the_nightly_price_is_below_routings_by_at_most_the_margin_in_futures_that_are_not_calm(
    stock: list[int], seed: int
):
    m = market(stock, seed=seed)
    below = unit_values(m) - unit_prices(m.problem)[0]

    assert (below >= -0.5).all()
    assert (below <= restless(m) * m.margin + 0.5).all()


def test_when_the_network_is_short_a_unit_is_worth_the_lost_sale_and_the_nightly_price_must_be_played_to_see_it():
    """30 units for 56: routing knows that the next unit saves a sale, the stock of this evening does not.

    Played with orders routed, the average missing unit is lost with chance r, the next one surely: they differ by at most
    (1 - r) of what a lost sale costs beyond the spill, and by the freight of a unit that helps from elsewhere.
    """
    m = market([10, 10, 10])
    routing, nightly = unit_values(m), unit_prices(m.problem)[0]
    outcome = evaluate(m.problem, Moves.none(), rerouting=m.routes)
    lost = outcome.lost_units[0] / (outcome.lost_units[0] + outcome.spilled_units[0])
    played = unit_prices(replace(m.problem, shortage_cents=shortage_cents(m.problem, m.routes)))[0]
    spill = m.short.spill_cents[0]

    assert (np.abs(routing - m.margin) <= spill).all()
    assert (nightly <= spill).all()
    assert (np.abs(played - routing) <= (1 - lost) * (m.margin - spill) + spill).all()
    assert (played >= 0.8 * routing).all()


@pytest.mark.parametrize("stock", [[22, 22, 22], [14, 25, 14], [10, 10, 10]])
def test_one_unit_more_played_with_orders_routed_is_nearest(stock: list[int]):
    """Mean distance from routing's exact price: within 3 % of the margin, where the stock of this evening is up to 83 % off."""
    m = market(stock)
    routing = unit_values(m)
    one_by_one = played_unit_values(m)
    on_average = unit_prices(replace(m.problem, shortage_cents=shortage_cents(m.problem, m.routes)))[0]
    now = unit_prices(m.problem)[0]

    off = [np.abs(price - routing).mean() for price in (one_by_one, on_average, now)]
    assert off == sorted(off)
    assert off[0] <= 0.03 * m.margin
    assert 2 * off[0] <= off[2]


def played_unit_values(m: Market) -> np.ndarray:
    """What one unit more saves on the paths, each order from its own node or the next with stock."""

    def cents(asked: Problem) -> float:
        outcome = evaluate(asked, Moves.none(), rerouting=m.routes)
        return float((outcome.lost_units * m.routes.lost_cents + outcome.spilled_units * m.routes.spill_cents).sum())

    more = [replace(m.problem, on_hand=m.problem.on_hand + unit) for unit in np.eye(3, dtype=int)[:, None]]
    return np.array([cents(m.problem) - cents(asked) for asked in more])


NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
SHELVES = {"LEAN": (7, 80, 60), "EVEN": (21, 80, 60), "AMPLE": (80, 80, 60)}
"""Texas expects 21 of each in a week: far too few, just as many, and plenty."""


def company(folder) -> tuple[MemoryStore, SnapshotFolder, Company]:
    """Three items alike but for their stock, an order a day for each from every region, storing and capital for nothing."""
    orders = [
        (f"{sku}-{area}-{back}", "1", sku, 1, 3000, NOW - timedelta(days=back, hours=-9), f"{area}55", "US")
        for sku in SHELVES
        for area in AREAS
        for back in range(1, 29)
    ]
    names = ["order", "line", "sku", "units", "price_cents", "placed_at", "postal_code", "country"]
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    import_network(
        store,
        snapshots,
        freight_tables()
        | {
            "nodes": pl.DataFrame(
                {
                    "node": NAMES,
                    "kind": "own",
                    "postal_code": [f"{area}01" for area in AREAS],
                    "timezone": "America/Chicago",
                    "working_days": "1234567",
                }
            ),
            "items": pl.DataFrame(
                {"sku": list(SHELVES), "weight_g": 400, "unit_cost_cents": 1200, "price_cents": 3000}
            ),
            "stock": pl.DataFrame(
                [(sku, NAMES[w], "", units, 0, 0, NOW) for sku, shelf in SHELVES.items() for w, units in enumerate(shelf)],
                schema=["sku", "node", "lot", "on_hand", "held", "buffer", "observed_at"],
                orient="row",
            ),
            "orders": pl.DataFrame(orders, schema=names, orient="row"),
            "costs": pl.DataFrame(
                {
                    "cost": ["holding_bp_per_year", "capital_bp_per_year", "horizon_days"],
                    "amount": [0, 0, DAYS],
                    "because": "as in the docstring",
                }
            ),
        },
        NOW,
    )  # fmt: skip
    return store, snapshots, Company.load(store, snapshots)


def test_both_writers_of_the_price_list_write_the_same_rows_beyond_two_deviations_of_the_mean(tmp_path):
    """A repricing prices the mean week: the spill where it is short, nothing where it is not.

    The nightly chance of a shortage is then beyond 97.7 % or below 2.3 %, so the rows differ by 2.3 % of the spill, by the
    ascent's twentieth, and by the sampling of 400 paths. In between they may differ by the whole spill.
    """
    store, snapshots, here = company(tmp_path)
    keys = pl.DataFrame([(sku, node) for sku in SHELVES for node in NAMES], schema=["sku", "node"], orient="row")
    mu = np.tile(DAILY, len(SHELVES))[:, None] * np.ones(DAYS)
    forecast = Forecast(keys, NOW.date(), mu, np.zeros(9), np.zeros(9), "poisson", NOW.date() - timedelta(days=1))
    with store.reading() as books:
        balances = books.balance_frame()
    question = tonight(
        here.network, balances=balances, transfers=[], forecast=forecast, on=NOW.date(), n_paths=400, seed=3
    )
    nightly = {(str(row.sku), str(row.node)): row.cents for row in price_rows(question.problem, valid_from=NOW)}
    done = reprice(store, snapshots, here, now=NOW, forecast=forecast, days=DAYS, scenarios=8)
    with store.reading() as books:
        routing = {(str(row.sku), str(row.node)): row.cents for row in books.prices(sorted(here.network.items), NOW)}

    assert done.contested == ("EVEN", "LEAN"), "AMPLE keeps its nightly row"
    assert nightly["AMPLE", "TX"] == 0
    tolerance = 300 * (0.023 + 0.05 + 2 * np.sqrt(0.023 / 400))
    for node in NAMES:
        assert nightly["LEAN", node] == pytest.approx(routing["LEAN", node], abs=tolerance)
    assert nightly["LEAN", "TX"] > 270
    assert 100 < nightly["EVEN", "TX"] < 200
