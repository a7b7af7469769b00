"""A brand under envelopes that a test writes as rules, with its audit log."""

from __future__ import annotations

import json
from datetime import datetime

from tests.routing.brand import compiled

from evenstock.domain import Policy
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.network import Network
from evenstock.operations.ports import Store
from evenstock.operations.rulebook import activate_rules, propose_rules
from evenstock.policy import CompiledPolicy, default_policy, text
from evenstock.policy import compile as compile_policy
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder


def under(network: ShippingNetwork, *rules: str) -> CompiledPolicy:
    """The default rules with these beside them."""
    said = "policy brand\n" + "\n".join(f"rule r{n}: {rule}" for n, rule in enumerate(rules))
    return compiled(network, Policy("brand", (*default_policy().rules, *text.parse(said).rules)))


def audited() -> AuditedStore:
    return AuditedStore(MemoryStore())


def acts(store: AuditedStore) -> list[dict]:
    """Every deed `act` of the log, in order."""
    with store.reading() as books:
        log = audit_of(books)
        rows = [row for head in log.audit_heads() for row in log.audit_rows(head.stream, 0, 100_000)]
    return [deed for row in rows for deed in json.loads(row.said)["deeds"] if deed["did"] == "act"]


def rules_of(network: Network, *rules: str) -> Governance:
    """These rules alone, for a network of the books."""
    said = "policy brand\n" + "\n".join(f"rule r{n}: {rule}" for n, rule in enumerate(rules))
    services = network.rates.services if network.rates else ()
    made = compile_policy(text.parse(said), network.nodes, network.items, services)
    return Governance(made, None, network.supplies, network.lanes)


def put_in_force(store: Store, snapshots: SnapshotFolder, now: datetime, *rules: str) -> None:
    """The default rules with these beside them, from now on, for everything that reads what is in force."""
    said = "policy brand\n" + "\n".join(f"rule r{n}: {rule}" for n, rule in enumerate(rules))
    meant = Policy("brand", (*default_policy().rules, *text.parse(said).rules))
    version = propose_rules(store, snapshots, meant, by="ann", because="a test", now=now)
    assert activate_rules(store, snapshots, version.id, by="ben", because="a test", now=now, force=True).activation
