"""A brand under envelopes that a test writes as rules, with its audit log."""

from __future__ import annotations

import json

from tests.routing.brand import compiled

from evenstock.domain import Policy
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.rows import audit_of
from evenstock.policy import CompiledPolicy, default_policy, text
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore


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
