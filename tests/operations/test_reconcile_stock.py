"""The books against each feed of the week, node by node, with a likely cause for each line that differs."""

from tests.operations.stocked import NOW, ago, demand, observations, opened, short_picks, sources, stock

from evenstock.domain import Account, Bucket, Movement, MovementId, NodeId, Sku, Units
from evenstock.operations.reconcile_stock import reconcile_stock

SHELVES = stock([("CUP", "NJ", 25), ("CUP", "TX", 60), ("MUG", "NJ", 60), ("MUG", "TX", 60)])
FEEDS = {"sources": sources(wms=("wms", 5), threepl=("3pl", 30))}


def reconciled(folder, told, **more):
    tables = FEEDS | {"observations": observations(*told)} | more
    here = opened(folder, SHELVES, **tables)
    return reconcile_stock(*here, now=NOW), here


def test_each_node_is_held_against_its_own_feed(tmp_path) -> None:
    told, _ = reconciled(tmp_path, [
        ("wms", "CUP", "TX", ago(0.1), 60), ("wms", "MUG", "TX", ago(2.0), 90), ("wms", "MUG", "TX", ago(0.1), 57),
        ("threepl", "MUG", "NJ", ago(0.2), 60), ("threepl", "CUP", "TX", ago(9.0), 1),
    ])  # fmt: skip

    # The newest word counts, a week back; CUP stands in our books at NJ alone.
    assert told.totals.select("node", "source", "lines", "agree", "only_ours").rows() == [
        ("NJ", "threepl", 1, 1, 1), ("TX", "wms", 2, 1, 0),
    ]  # fmt: skip
    assert told.totals["net_units"].to_list() == [0, 3]
    assert told.totals["net_cents"].to_list() == [0, 600]
    assert told.lines.select("sku", "node", "cause").rows() == [
        ("CUP", "NJ", "not in their system"), ("MUG", "TX", "unexplained"),
    ]  # fmt: skip


def test_what_one_side_lacks_is_a_line_and_what_both_lack_is_none(tmp_path) -> None:
    told, _ = reconciled(tmp_path, [("wms", "CUP", "TX", ago(0.1), 60), ("wms", "PEN", "TX", ago(0.1), 4),
                                    ("wms", "INK", "TX", ago(0.1), 0)])  # fmt: skip

    assert told.lines.select("sku", "cause").rows() == [("MUG", "not in their system"), ("PEN", "not in our books")]


def test_a_difference_is_explained_by_age_by_shipments_under_way_or_by_an_empty_shelf(tmp_path) -> None:
    statements = [
        ("wms", "CUP", "TX", ago(1.0), 57),
        ("wms", "MUG", "TX", ago(0.001), 45),
        ("threepl", "MUG", "NJ", ago(0.1), 50),
    ]
    _, here = reconciled(tmp_path, statements, demand=demand(MUG_TX=(1, 0), CUP_TX=(3, 0), MUG_NJ=(1, 0)),
                         short_picks=short_picks(("MUG", "TX", ago(0.2), 2, 0), ("MUG", "TX", ago(0.3), 1, 0)))  # fmt: skip
    free = Account(Sku("MUG"), NodeId("NJ"), Bucket.AVAILABLE)
    picked = Account(Sku("MUG"), NodeId("NJ"), Bucket.ALLOCATED)
    with here[0].transaction() as books:
        books.post([Movement(MovementId("pick"), Units(10), free, picked, ago(0.5), "picked")], NOW)
    told = reconcile_stock(*here, now=NOW)

    by_line = {(r["sku"], r["node"]): r["cause"] for r in told.lines.to_dicts()}
    assert by_line["CUP", "TX"] == "age of the statement"
    assert by_line["MUG", "NJ"] == "unposted shipment"
    assert by_line["MUG", "TX"] == "phantom"


def test_one_node_or_source_can_be_asked_for(tmp_path) -> None:
    _, here = reconciled(tmp_path, [("wms", "CUP", "TX", ago(0.1), 60), ("threepl", "MUG", "NJ", ago(0.2), 60)])

    assert reconcile_stock(*here, now=NOW, nodes=["NJ"]).totals["node"].to_list() == ["NJ"]
    assert reconcile_stock(*here, now=NOW, sources=["wms"]).totals["source"].to_list() == ["wms"]
    assert reconcile_stock(*here, now=NOW, sources=["nobody"]).totals.height == 0


def test_without_statements_there_is_nothing_to_reconcile(tmp_path) -> None:
    here = opened(tmp_path, SHELVES)

    assert "no other system has stated any stock" in reconcile_stock(*here, now=NOW).text
