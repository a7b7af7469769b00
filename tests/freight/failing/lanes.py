"""Parcels of a made-up carrier on a few lanes, whose days tests write by hand or draw."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from evenstock.freight.failing import Evidence

TODAY = date(2026, 11, 20)
MORNING = (TODAY - date(1970, 1, 1)).days
USUAL = np.array([0.0, 0.0, 0.8, 0.15, 0.05])
"""Two days mostly, four at most."""


def parcels(
    rng: np.random.Generator,
    *,
    a_day: int = 6,
    began: int | None = None,
    mended: int = 0,
    slower: int = 2,
    lost: float = 0.0,
    bad_days: tuple[int, ...] = (),
    service: str = "road:ground",
    areas: tuple[str, ...] = ("752", "100"),
    days: int = 150,
) -> Evidence:
    """`a_day` parcels to each area on each of the last days; those to the first area fail since `began` days ago
    and until `mended` days ago.

    `bad_days` are days ago on which every parcel to the first area was two days late, for once.
    """
    ago = np.repeat(np.arange(days, 0, -1), a_day * len(areas))
    area = np.tile(np.repeat(np.arange(len(areas)), a_day), days)
    took = rng.choice(USUAL.size, ago.size, p=USUAL)
    failing = (area == 0) & (ago <= (began or 0)) & (ago > mended)
    took = took + slower * failing + 2 * ((area == 0) & np.isin(ago, bad_days))
    gone = failing & (rng.random(ago.size) < lost)
    handed = MORNING - ago
    came = (handed + took < MORNING) & ~gone
    order = np.argsort(np.array(areas), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    zero, no = np.zeros(ago.size, np.int64), np.zeros(ago.size, np.bool_)
    return Evidence(
        TODAY, (service,), ("TX",), tuple(sorted(areas)), zero, zero, place[area], zero + 2, handed,
        np.where(came, took, MORNING - 1 - handed), came, zero + 3, no, no,
    )  # fmt: skip


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)
