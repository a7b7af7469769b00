"""What the audit log says when a policy comes into force: every rule as it counts, and where each node lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evenstock.domain import Policy
from evenstock.operations.audit.audited_store import say
from evenstock.operations.audit.deeds import Deed
from evenstock.operations.ports import Transaction

IMPORTED: Final = "table"
"""Stands for a version's id where the imported table of rules is in force."""


def about_policy(digest: str) -> str:
    """What rows about a policy stand under.

    Examples
    --------
    >>> about_policy("sha256:1f")
    'policy:sha256:1f'
    """
    return f"policy:{digest}"


def enacted(policy: Policy, version: str, countries: Mapping[str, str]) -> Deed:
    """The deed: no name of an owner and no reason, which are people's own words; the digest stands for them too.

    Parameters
    ----------
    version
        Id of the version in force from now on; empty where it is the imported table.
    countries
        Country of each node, at which rules about autonomy may be placed.

    Examples
    --------
    >>> enacted(Policy("house", ()), "", {"TX": "US"})["version"]
    'table'
    """
    return {
        "did": "enact",
        "policy": policy.digest(),
        "version": version or IMPORTED,
        "rules": [
            {
                "id": rule.id,
                "kind": rule.kind,
                "hard": rule.hard,
                "valid_from": rule.valid_from.isoformat(),
                "valid_to": rule.valid_to.isoformat(),
                "parameters": [[name, value] for name, value in rule.parameters],
            }
            for rule in policy.rules
        ],
        "countries": dict(sorted(countries.items())),
    }


def say_enacted(books: Transaction, policy: Policy, version: str, countries: Mapping[str, str]) -> None:
    """Tell the log, in the transaction that puts the policy in force."""
    say(books, about_policy(policy.digest()), enacted(policy, version, countries))
