"""A small lawful folder, which each test spoils in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evenstock.connectors.files import Problem, Reading, read_folder

LAWFUL = {
    "nodes.csv": "node,kind,postal_code,timezone\nTX,own,75201,America/Chicago\nNJ,3pl,07030,America/New_York\n",
    "items.csv": "sku,weight_g,unit_cost_cents,price_cents\n00012,500,125,1050\nMUG,350,200,999\n",
    "stock.csv": (
        "sku,node,on_hand,observed_at\n00012,TX,5,2026-11-20T14:00:00Z\n"
        "00012,NJ,7,2026-11-20T14:00:00Z\nMUG,NJ,0,2026-11-20T08:00:00-06:00\n"
    ),
}


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes the lawful folder, some of its files replaced: `put(stock__csv=...)`; None leaves a file out."""

    def write(**files: str | bytes | None) -> Path:
        for name, text in (LAWFUL | {k.replace("__", "."): v for k, v in files.items()}).items():
            if text is not None:
                (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return write


@pytest.fixture
def read(put: Callable[..., Path]) -> Callable[..., Reading]:
    return lambda **files: read_folder(put(**files))


@pytest.fixture
def refused(read: Callable[..., Reading]) -> Callable[..., Problem]:
    """The single problem of a spoilt folder; nothing of it is imported."""

    def one(**files: str | bytes | None) -> Problem:
        reading = read(**files)
        assert reading.count == 1, "\n".join(map(str, reading.problems))
        assert reading.frames == {}
        return reading.problems[0]

    return one
