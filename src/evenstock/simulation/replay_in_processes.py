"""Recorded decisions decided again by several processes, each started anew: nothing of this one can lend them its answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from evenstock.operations.replaying.replay_many import Part, Spread, Tally, replaying
from evenstock.storage.snapshots import SnapshotFolder

_WAITING: Final = 2
"""Parts read ahead for each process: what is read is held until it is worked on."""
_here: Callable[[Part], Tally] | None = None


def in_processes(processes: int, snapshots: Path) -> Spread:
    """Spreads parts over so many processes that read the snapshots from this folder."""

    def spread(_: Callable[[Part], Tally], parts: Iterable[Part]) -> Iterator[Tally]:
        with ProcessPoolExecutor(
            processes, mp_context=get_context("spawn"), initializer=_open, initargs=(snapshots,)
        ) as pool:
            waiting: deque[Future[Tally]] = deque()
            for part in parts:
                waiting.append(pool.submit(_work, part))
                if len(waiting) > _WAITING * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    return spread


def _open(snapshots: Path) -> None:
    global _here  # noqa: PLW0603 (one for the life of the process: it holds the companies at hand)
    _here = replaying(SnapshotFolder(snapshots))


def _work(part: Part) -> Tally:
    assert _here is not None
    return _here(part)
