"""Applies what other systems sent, in the order received."""

from __future__ import annotations

from typing import Final

from evenstock.operations.company import NothingImportedError
from evenstock.operations.inbound.applying import Inbound
from evenstock.operations.inbound.drain import drain
from evenstock.service.worker.workplace import Workplace

NAME: Final = "received"
EVERY_S: Final = 0.5
_AT_ONCE: Final = 5_000
"""As many as the breaker looks ahead, so that what waits is read once for all of them."""


def do(at: Workplace) -> int:
    try:
        here = at.current.get()
    except NothingImportedError:
        # Nothing can be applied to nothing: what came waits for the first import.
        return 0
    inbound = Inbound(at.store, here.shipping, here.policy, here.stage, here.substitutes)
    return drain(inbound, at.clock(), _AT_ONCE).tried
