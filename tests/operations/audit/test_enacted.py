"""Whenever a policy comes into force the log says so, in that transaction: by an import, an activation or a roll-back."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from tests.operations import stocked

from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.enacted import about_policy
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.audit.wordings import say_policy_if_unsaid, wordings
from evenstock.operations.import_network import import_network
from evenstock.operations.rulebook import activate_rules, propose_rules, roll_back_rules
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SAID = """policy house
rule moves: automatic transfer when node is TX and value at most 500
    owner "Ana Maria"
    because "as agreed with Bruno"
"""
CLOSER = SAID.replace("500", "50")


@pytest.fixture
def there(tmp_path):
    store, snapshots = AuditedStore(MemoryStore()), SnapshotFolder(tmp_path)
    frames = {"nodes": stocked.NODES, "items": stocked.ITEMS, "stock": stocked.stock([("MUG", "TX", 60)])}
    import_network(store, snapshots, frames, NOW)
    return store, snapshots, frames


def enacted(store):
    with store.reading() as books:
        rows = audit_of(books).audit_rows(0, 0, 10_000)
    told = [json.loads(row.said) for row in rows]
    return [(one["about"], deed) for one in told for deed in one["deeds"] if deed["did"] == "enact"]


def test_an_import_says_which_policy_counts_and_where_each_node_lies(there):
    store, snapshots, frames = there
    ((about, deed),) = enacted(store)
    assert about == about_policy(deed["policy"])
    assert deed["version"] == "table"
    assert deed["countries"] == dict.fromkeys(frames["nodes"]["node"].to_list(), "US")

    import_network(store, snapshots, frames, NOW)
    assert len(enacted(store)) == 1, "the same tables again change nothing"


def test_activation_and_roll_back_say_what_is_in_force_from_then_on(there):
    store, snapshots, _ = there
    first = propose_rules(store, snapshots, SAID, by="ana", because="begin", now=NOW)
    second = propose_rules(store, snapshots, CLOSER, by="ana", because="too wide", now=NOW)
    activate_rules(store, snapshots, first.id, by="ana", now=NOW)
    activate_rules(store, snapshots, second.id, by="ana", now=NOW + timedelta(hours=1))
    roll_back_rules(store, snapshots, by="ben", because="too tight", now=NOW + timedelta(hours=2))
    roll_back_rules(store, snapshots, by="ben", because="none at all", now=NOW + timedelta(hours=3))

    deeds = [deed for _, deed in enacted(store)]
    assert [deed["version"] for deed in deeds] == ["table", first.id, second.id, first.id, "table"]
    assert [deed["policy"] for deed in deeds[1:3]] == [first.policy.digest(), second.policy.digest()]
    assert deeds[0]["policy"] == deeds[-1]["policy"]
    (rule,) = deeds[1]["rules"]
    assert rule == {
        "id": "moves",
        "kind": "automatic",
        "hard": True,
        "valid_from": "0001-01-01",
        "valid_to": "9999-12-31",
        "parameters": [["actions", "transfer"], ["at_nodes", "TX"], ["max_value_cents", "50000"]],
    }


def test_no_word_that_somebody_wrote_is_in_it(there):
    store, snapshots, _ = there
    first = propose_rules(store, snapshots, SAID, by="ana", because="begin", now=NOW)
    activate_rules(store, snapshots, first.id, by="ana", now=NOW)
    assert "Maria" not in json.dumps(enacted(store))
    assert "Bruno" not in json.dumps(enacted(store))


def test_another_network_says_again_where_the_nodes_of_the_version_in_force_lie(there):
    store, snapshots, frames = there
    first = propose_rules(store, snapshots, SAID, by="ana", because="begin", now=NOW)
    activate_rules(store, snapshots, first.id, by="ana", now=NOW)
    nodes = frames["nodes"].with_columns(country=pl.lit("MX"))
    import_network(store, snapshots, frames | {"nodes": nodes}, NOW + timedelta(days=1))
    last = enacted(store)[-1][1]
    assert last["version"] == first.id
    assert set(last["countries"].values()) == {"MX"}


def test_books_from_before_the_log_said_it_say_it_once(tmp_path):
    inner, snapshots = MemoryStore(), SnapshotFolder(tmp_path)
    frames = {"nodes": stocked.NODES, "items": stocked.ITEMS, "stock": stocked.stock([("MUG", "TX", 60)])}
    assert not say_policy_if_unsaid(AuditedStore(inner), snapshots), "no network, no policy"
    import_network(inner, snapshots, frames, NOW)
    store = AuditedStore(inner)
    assert enacted(store) == []
    assert say_policy_if_unsaid(store, snapshots)
    assert not say_policy_if_unsaid(store, snapshots)
    ((_, deed),) = enacted(store)
    assert deed["policy"] in wordings(store, snapshots)
    assert deed["countries"] == {"NJ": "US", "TX": "US"}


def test_wordings_are_the_bytes_that_digests_name(there):
    store, snapshots, _ = there
    version = propose_rules(store, snapshots, SAID, by="ana", because="begin", now=NOW)
    found = wordings(store, snapshots)
    assert set(found) == {version.policy.digest(), enacted(store)[0][1]["policy"]}
    assert all(f"sha256:{hashlib.sha256(said).hexdigest()}" == digest for digest, said in found.items())
