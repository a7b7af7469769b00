"""Counts, as it happens, what each capped actor does in its window: beyond its cap it is quarantined before its next request.

The watch of habits looks once a minute; this is told of every transaction right after its commit. Each process counts for
itself: with N processes an actor may do N times its cap.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from evenstock.operations.access.api_key import Caps
from evenstock.operations.actors.quarantine import Because, quarantine
from evenstock.operations.actors.seen import seen
from evenstock.operations.actors.standing import Aspect
from evenstock.operations.audit.who import SYSTEM, acting, acting_for
from evenstock.operations.ports import Store, StoreError

MOST: Final = 10_000
"""Actors counted; of those beyond, the one unheard of for longest is forgotten, and begins anew."""
_PARTS: Final = 10
"""A window is counted in so many parts, of which the oldest falls out: what counts is a window or up to a tenth more."""


@dataclass(slots=True)
class _Window:
    caps: Caps
    parts: dict[int, list[int]] = field(default_factory=dict)
    """Deeds, units and cents of each part of the window, by its number."""
    over: bool = False


class Meter:
    """The capped actors of one process."""

    def __init__(
        self,
        store: Store,
        ticks: Callable[[], float],
        stopped: Callable[[], None] = lambda: None,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`stopped` is called after somebody was quarantined here; `tell` with why somebody could not be."""
        self._store, self._ticks, self._stopped, self._tell = store, ticks, stopped, tell
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._lock = Lock()

    def cap(self, actor: str, caps: Caps) -> None:
        """Count this actor from now on; without caps it is not counted."""
        with self._lock:
            there = self._windows.get(actor)
            if not caps.any:
                self._windows.pop(actor, None)
            elif there is None or there.caps != caps:
                self._windows[actor] = _Window(caps)
                while len(self._windows) > MOST:
                    self._windows.popitem(last=False)

    def forget(self, actor: str) -> None:
        """Begin anew, such as after a release."""
        with self._lock:
            there = self._windows.get(actor)
            if there is not None:
                self._windows[actor] = _Window(there.caps)

    def heard(self, noted: Sequence[tuple[str, Any]]) -> None:
        """What a transaction did that has just been committed: things with their deeds, in the context of who did it."""
        if not self._windows:
            return
        last = ""
        for about, deed in noted:
            last = about or last
            actor = acting_for(last).id
            if actor in self._windows:
                found = seen(last, deed)
                if found is not None:
                    self._count(actor, found.units, found.cents)

    def _count(self, actor: str, units: int, cents: int) -> None:
        with self._lock:
            window = self._windows.get(actor)
            if window is None or window.over:
                return
            number = int(self._ticks() * _PARTS / window.caps.window_s)
            for old in [part for part in window.parts if part <= number - _PARTS]:
                del window.parts[old]
            part = window.parts.setdefault(number, [0, 0, 0])
            part[0], part[1], part[2] = part[0] + 1, part[1] + units, part[2] + cents
            self._windows.move_to_end(actor)
            found = _beyond(window)
            window.over = found is not None
        if found is not None:
            self._stop(actor, found)

    def _stop(self, actor: str, because: Because) -> None:
        try:
            with acting(SYSTEM):
                quarantine(self._store, actor, because)
        except StoreError as error:
            # Its next deed tries again.
            self._tell(f"{actor} is beyond its cap and could not be quarantined: {error}")
            with self._lock:
                window = self._windows.get(actor)
                if window is not None:
                    window.over = False
        self._stopped()


def _beyond(window: _Window) -> Because | None:
    caps = window.caps
    done = [sum(part[n] for part in window.parts.values()) for n in range(3)]
    for name, count, most in zip(("deeds", "units", "cents"), done, (caps.deeds, caps.units, caps.cents), strict=True):
        if most is not None and count > most:
            sentence = f"{count:,} {name} within {caps.window_s} seconds; its key allows {most:,}"
            evidence = {name: count, "window_s": caps.window_s, "most": most}
            return Because(Aspect.CAP, sentence, evidence)
    return None
