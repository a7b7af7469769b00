"""Watches what every actor does, and quarantines who acts as never before."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from datetime import UTC, tzinfo
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from evenstock.operations.actors.watching import Watching
from evenstock.operations.company import NothingImportedError
from evenstock.operations.ports import Store
from evenstock.service.worker.workplace import Workplace

_LOG: Final = logging.getLogger("evenstock.worker")
NAME: Final = "actors"
EVERY_S: Final = 60.0
_HERE: Final[WeakKeyDictionary[Store, Watching]] = WeakKeyDictionary()


def do(at: Workplace) -> int:
    watching = _HERE.get(at.store)
    if watching is None:
        watching = _HERE[at.store] = Watching(
            at.store, f"actors-{secrets.token_hex(6)}", partial(_zone, at), _LOG.warning
        )
    return watching.step()


def _zone(at: Workplace) -> tzinfo:
    """That of most nodes, in which working hours are told apart."""
    try:
        nodes = at.current.get().company.network.nodes.values()
    except NothingImportedError:
        return UTC
    zones = Counter(node.timezone for node in nodes).most_common(1)
    return ZoneInfo(zones[0][0]) if zones else UTC
