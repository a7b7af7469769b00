"""Versions by the names that people know them by: which wording of the rules, activated by whom, and which models served then."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.audit.enacted import about_policy
from evenstock.operations.audit.rows import AuditBooks, AuditRow

_OF_MODELS: Final = (
    "beliefs",
    "carrier overrides",
    "champion:demand",
    "confidence gate",
    "forecast",
    "lead_times",
    "parcel damage",
    "price scenarios",
    "rates",
    "transit",
)
"""Pointers whose versions decisions and plans rest on, beside network, stock and rules."""
_DECIDING: Final = frozenset({"decide", "record", "put_plan"})


def decided_when(rows: Sequence[AuditRow]) -> datetime | None:
    """When the log says that it was recommended; None where it does not."""
    return next((row.at for row in rows if _DECIDING & {deed["did"] for deed in _deeds(row)}), None)


def rules_named(log: AuditBooks, policy: str, until: datetime) -> Mapping[str, Any]:
    """Version, and who put it in force when, of the policy with this digest; empty where the log does not say."""
    for row in log.audit_last([about_policy(policy)], until):
        for deed in _deeds(row):
            if deed["did"] == "enact":
                return {"version": deed["version"], "in_force_since": rfc3339(row.at), "put_in_force_by": _who(row)}
    return {}


def models_named(log: AuditBooks, until: datetime) -> Mapping[str, Any]:
    """The version that each name pointed to then, since when, and who pointed it there."""
    found: dict[str, Any] = {}
    for row in log.audit_last([f"pointer:{name}" for name in _OF_MODELS], until):
        for deed in _deeds(row):
            if deed["did"] == "point":
                said = {"version": deed["to"], "since": rfc3339(row.at), "by": _who(row)}
                found[row.about.removeprefix("pointer:")] = said
    return found


def _deeds(row: AuditRow) -> list[dict[str, Any]]:
    return list(json.loads(row.said)["deeds"])


def _who(row: AuditRow) -> str:
    return str(json.loads(row.said)["who"]["id"])
