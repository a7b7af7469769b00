"""What to count today: worth in cents, by the same price of a missing unit as rebalancing, within a budget."""

from tests.operations.stocked import NOW, ago, counts, demand, opened, stock

from evenstock.inventory import CountCosts
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.network import FREIGHT_TABLES
from evenstock.operations.propose_counts import propose_counts
from evenstock.simulation.world import make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

SHELVES = stock([("CUP", "NJ", 40), ("CUP", "TX", 60), ("MUG", "NJ", 60), ("MUG", "TX", 60)])
SALES = demand(MUG_TX=(4, 12), MUG_NJ=(4, 0), CUP_TX=(1, 0))


def test_the_shelf_that_stopped_selling_comes_first(tmp_path) -> None:
    told = propose_counts(*opened(tmp_path, SHELVES, demand=SALES), now=NOW)
    first = told.lines.filter(node="TX").row(0, named=True)

    assert (first["sku"], first["rank"]) == ("MUG", 1)
    # At most 60 units can be missed, each at its margin of 799 and goodwill of 99 cents.
    assert 0.9 * 60 * 898 < first["value_cents"] <= 60 * 898
    assert first["cost_cents"] == 150 + 60
    assert "0 sold in 12 days" in first["because"]
    assert told.worth_counting == told.lines.height


def test_a_budget_cuts_each_node_and_says_what_is_left(tmp_path) -> None:
    here = opened(tmp_path, SHELVES, demand=SALES)
    told = propose_counts(*here, now=NOW, per_node=1)

    assert told.lines["node"].to_list() == sorted(set(told.lines["node"]))
    assert told.worth_counting >= told.lines.height


def test_what_was_counted_this_morning_is_not_counted_again(tmp_path) -> None:
    fresh = counts(
        *[(sku, node, ago(0.05), units, units) for sku, node, units in SHELVES.select("sku", "node", "on_hand").rows()]
    )
    told = propose_counts(*opened(tmp_path, SHELVES, demand=SALES, counts=fresh), now=NOW,
                          costs=CountCosts(count_cents=600))  # fmt: skip

    assert told.lines.height == 0


def test_where_another_node_can_serve_a_missing_unit_costs_only_the_dearer_way(tmp_path) -> None:
    world = make_world(seed=2, nodes=3, skus=20, days=100, orders_per_day=40)
    free, worth = CountCosts(count_cents=0, unit_cents=0), {}
    for name, left_out in (("rated", set()), ("unrated", set(FREIGHT_TABLES))):
        store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / name)
        frames = {table: frame for table, frame in world.frames.items() if table not in left_out}
        import_network(store, snapshots, frames, world.opens_at)
        told = propose_counts(store, snapshots, Company.load(store, snapshots), now=world.opens_at, costs=free)
        worth[name] = {(row["sku"], row["node"]): row["value_cents"] for row in told.lines.to_dicts()}

    assert len(worth["rated"]) > 20
    assert all(cents <= worth["unrated"][place] for place, cents in worth["rated"].items())
    assert sum(worth["rated"].values()) < 0.8 * sum(worth["unrated"].values())
