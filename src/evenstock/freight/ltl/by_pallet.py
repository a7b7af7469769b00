"""What pallets of mixed goods pay at most by a class tariff, and the line by pallets that lies above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.freight.ltl.density import CLASSES, POUND_G, density_class
from evenstock.freight.ltl.handling_units import (
    PALLET_DECK_MM,
    PALLET_LENGTH_MM,
    PALLET_TARE_G,
    PALLET_WIDTH_MM,
    HandlingUnits,
    billed_lb,
    linear_feet,
)
from evenstock.freight.ltl.many import LtlTable
from evenstock.freight.ltl.tariff import Areas

Ints = NDArray[np.int64]
_HAIR: Final = 1e-6
_ROUNDS: Final = 80
_ROUNDING: Final = 3
"""Cents by which base, discount and fuel may round up."""


@dataclass(frozen=True, slots=True)
class FullPallet:
    """A full pallet of one item."""

    name: str
    weight_g: int
    """Pallet included."""
    freight_class: str
    """NMFC class by its density; empty where its size is unknown."""

    @classmethod
    def of(cls, name: str, units: int, unit_g: int, unit_mm3: int) -> FullPallet:
        """So many units on a usual pallet, packed without gaps: looser pallets may be of the next class.

        Examples
        --------
        40 cartons of 10 kg and 0.03 m³ stand 969 mm high on 140 mm of pallet: 420 kg in 1.37 m³ are 19.1 pcf.

        >>> FullPallet.of("A", 40, 10_000, 30_000_000)
        FullPallet(name='A', weight_g=420000, freight_class='70')
        """
        weight = units * unit_g + PALLET_TARE_G
        floor = PALLET_LENGTH_MM * PALLET_WIDTH_MM
        volume = units * unit_mm3 + floor * PALLET_DECK_MM
        return cls(name, weight, density_class(weight, volume) if unit_mm3 else "")


def most_cents(
    table: LtlTable,
    lane: Areas,
    loads: Sequence[FullPallet],
    most: int,
    accessorial_cents: int,
    *,
    near: int | None = None,
) -> Ints:
    r"""The most that 1, 2, … `most` begun pallets can cost, whatever mix of these goods is on them, shape ``(most,)``.

    With break :math:`b` from :math:`M_b` pounds and rates :math:`r_{cb}`, a mix of pallets pays at most
    :math:`\sum_i \sigma_i p_i r_{ib} + \rho_b (M_b - \sum_i \sigma_i p_i)^+`, where the :math:`\sigma_i \ge 0` add up to
    :math:`n`, :math:`p_i` are full pallets' pounds and :math:`\rho_b` is the lowest rate among the goods on it. That is
    convex in :math:`\sigma`, so any mean of it over breaks, with weights :math:`\lambda_b`, is greatest where all pallets hold
    one item, and there at most :math:`\sum_b \lambda_b r_{ib} \max(M_b, n p_i)`. The cheapest break costs no more than the mean.
    Hence no mix costs more than :math:`\min_\lambda \max_i \sum_b \lambda_b r_{ib} \max(M_b, n p_i)`, the value of a matrix game;
    of a class only its heaviest pallet matters. As each class is billed in whole pounds, a mix of several pays up to a
    pound more of each.

    Beyond `near` pallets, where given, one break alone is taken for all goods: quicker, and further above.

    Raises
    ------
    ValueError
        If there are no goods, the tariff lacks the lane or a class, or a class is unknown where the contract has not one for all.
    """
    heaviest = heaviest_by_class(table, loads)
    edition = table.edition
    rates = [edition.rates(lane, name) for name in heaviest]
    lacking = [name for name, of in zip(heaviest, rates, strict=True) if of is None]
    if lacking:
        what = f"lane {'-'.join(lane)}" if lane not in edition.lanes else f"class {lacking[0]}"
        raise ValueError(f"tariff {edition.tariff} from {edition.valid_from} has no {what}")
    cents_cwt = np.array(rates)
    count = np.arange(1, most + 1)
    pounds = np.array([[billed_lb(n * grams + 1) for n in count.tolist()] for grams in heaviest.values()])
    rounded = cents_cwt.sum(axis=0) if len(heaviest) > 1 else np.zeros(cents_cwt.shape[1], np.int64)
    reached = np.maximum(edition.at_least_lb[:, None, None], pounds)
    hundredths = cents_cwt.T[:, :, None] * reached + rounded[:, None, None]
    games = hundredths.transpose(2, 1, 0)
    value = games.max(axis=1).min(axis=1).astype(np.float64)
    value[:near] = least_mean(games[:near])
    base = np.ceil(value / 100 - _HAIR).astype(np.int64)
    feet = [linear_feet([HandlingUnits(n, 1)]) for n in count.tolist()]
    return table.net_and_fuel(base, np.array(feet)) + accessorial_cents


def least_mean(costs: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""The value :math:`\min_\lambda \max_i \sum_b \lambda_b c_{ib}` of matrix games, from above, shape ``(game,)``.

    Whatever weights are tried bound it from above; regret matching finds good ones: on tariffs after 80 rounds within a
    fifth of a per cent.

    Parameters
    ----------
    costs
        Shape ``(game, row, column)``; the weights are of columns.

    References
    ----------
    Tammelin, Burch, Johanson and Bowling (2015), Solving heads-up limit Texas hold'em, IJCAI: regret matching plus, with
    linear averaging.

    Examples
    --------
    Rows pay (3, 0) and (0, 1): a quarter of the first and three of the second cost .75 either way; one column alone, 1. What is found lies above.

    >>> bool(0.75 <= least_mean(np.array([[[3, 0], [0, 1]]]))[0] < 0.77)
    True
    """
    games, rows, columns = costs.shape
    weights, play = np.full((games, columns), 1 / columns), np.full((games, rows), 1 / rows)
    regret, regret_row = np.zeros_like(weights), np.zeros_like(play)
    mean = np.zeros_like(weights)
    least: NDArray[np.float64] = costs.max(axis=1).min(axis=1).astype(np.float64)
    if rows == 1:
        return least
    for turn in range(1, _ROUNDS + 1):
        column = np.einsum("nkb,nk->nb", costs, play)
        regret = np.maximum(regret + (column * weights).sum(axis=1, keepdims=True) - column, 0)
        weights = _shares(regret)
        row = np.einsum("nkb,nb->nk", costs, weights)
        regret_row = np.maximum(regret_row + row - (row * play).sum(axis=1, keepdims=True), 0)
        play = _shares(regret_row)
        mean += turn * weights
        least = np.minimum(least, row.max(axis=1))
    averaged: NDArray[np.float64] = np.einsum("nkb,nb->nk", costs, _shares(mean)).max(axis=1)
    best: NDArray[np.float64] = np.minimum(least, averaged)
    return best


def _shares(regret: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the whole; equal ones where there is nothing."""
    total = regret.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.where(total > 0, regret / np.where(total > 0, total, 1.0), 1 / regret.shape[1])
    return shares


def straight_cents(table: LtlTable, lane: Areas, load: FullPallet, most: int, accessorial_cents: int) -> Ints:
    """What 1, 2, … `most` full pallets of one item cost, shape ``(most,)``."""
    rated = CLASSES.index(table.contract.fak_class or load.freight_class)
    count = range(1, most + 1)
    charges = table.charges(
        np.repeat(table.lanes([lane]), most),
        np.arange(most),
        np.full(most, rated),
        [billed_lb(n * load.weight_g) for n in count],
        [linear_feet([HandlingUnits(n, 1)]) for n in count],
    )
    return charges.cents + accessorial_cents


def full_cents(table: LtlTable, lane: Areas, loads: Sequence[FullPallet], pallets: int) -> Ints:
    """What so many full pallets of each item cost, shape ``(load,)``."""
    charges = table.charges(
        np.repeat(table.lanes([lane]), len(loads)),
        np.arange(len(loads)),
        [CLASSES.index(table.contract.fak_class or load.freight_class) for load in loads],
        [billed_lb(pallets * load.weight_g) for load in loads],
        linear_feet([HandlingUnits(pallets, 1)]),
    )
    return charges.cents


def last_slope(table: LtlTable, lane: Areas, loads: Sequence[FullPallet]) -> tuple[int, int]:
    """From how many pallets on every one more costs the same, and at most how many cents that is."""
    heaviest = heaviest_by_class(table, loads)
    edition, terms = table.edition, table.contract
    pounds = [float(grams / POUND_G) for grams in heaviest.values()]
    rates = [edition.cents_cwt[edition.lanes[lane], edition.classes.index(name), -1] for name in heaviest]
    dearest = max(float(rate) * lb / 100 for rate, lb in zip(rates, pounds, strict=True))
    fuelled = 1 + table.fuel_bp / 10_000
    by_weight = dearest * (1 - terms.discount_bp / 10_000) * fuelled
    # Two more pallets are one more row.
    row = linear_feet([HandlingUnits(2, 1)]) * terms.linear_foot_cents * fuelled if terms.linear_feet else 0.0
    return ceil(int(edition.at_least_lb[-1]) / min(pounds)) + 2, ceil(max(by_weight, row / 2))


@dataclass(frozen=True, slots=True)
class PalletLine:
    """Fixed cents and cents a pallet that are never below what pallets cost."""

    fixed_cents: int
    pallet_cents: int
    worst_share: float
    """The most by which the line exceeds the cost at some number of pallets, as a fraction of it."""
    at_pallets: int
    """Where that is."""

    def cents(self, most: int) -> Ints:
        """Of 1, 2, … `most` pallets, shape ``(most,)``."""
        return self.fixed_cents + np.arange(1, most + 1) * self.pallet_cents


def line_above(cents: Ints, fitted: int, least_slope: int = 0, slack: int = 0) -> PalletLine:
    """The line that lies on or above every cost and whose greatest excess, as a share, is the least possible.

    For a slope the least fixed part follows; the greatest share is then a convex function of the slope, so that halving
    finds the best whole number.

    Parameters
    ----------
    cents
        Cost of 1, 2, … pallets, above zero, shape ``(n,)``.
    fitted
        The share is looked at for so many pallets; the line lies above all of `cents` all the same.
    least_slope
        Lowest cents a pallet, such as what every further pallet costs beyond `cents`.
    slack
        Cents added to the fixed part.

    Examples
    --------
    Pallets cost 200, 300 and 360. The line 128.56 + 85.72 n gives 214.28, 300.00 and 385.72: at most 7.1 % too much, as
    much at one pallet as at three.

    >>> line_above(np.array([20_000, 30_000, 36_000]), 3)
    PalletLine(fixed_cents=12856, pallet_cents=8572, worst_share=0.0714..., at_pallets=3)
    """
    count = np.arange(1, len(cents) + 1)

    def fixed(slope: int) -> int:
        return max(0, int((cents - count * slope).max())) + slack

    def shares(slope: int) -> NDArray[np.float64]:
        return ((fixed(slope) + count * slope) / cents - 1)[:fitted]

    low, high = least_slope, max(least_slope, int(cents.max()))
    while low < high:
        middle = (low + high) // 2
        if shares(middle).max() <= shares(middle + 1).max():
            high = middle
        else:
            low = middle + 1
    over = shares(low)
    return PalletLine(fixed(low), low, float(over.max()), int(over.argmax()) + 1)


def line_by_pallet(
    table: LtlTable,
    lane: Areas,
    loads: Sequence[FullPallet],
    *,
    fitted: int,
    limit: int | None = None,
    accessorial_cents: int = 0,
) -> PalletLine:
    """The line for a lane: above what any mix of these goods costs, for every number of pallets, or up to `limit`.

    `fitted` says for how many pallets it shall be near.
    """
    if limit is not None:
        cents = most_cents(table, lane, loads, limit, accessorial_cents)
        return line_above(cents, min(fitted, limit))
    most, slope = last_slope(table, lane, loads)
    # Far beyond what is fitted the line lies high above in any case.
    cents = most_cents(table, lane, loads, max(most, fitted), accessorial_cents, near=2 * fitted)
    return line_above(cents, fitted, slope, _ROUNDING)


def heaviest_by_class(table: LtlTable, loads: Sequence[FullPallet]) -> dict[str, int]:
    """Grams of the heaviest full pallet by class rated.

    Raises
    ------
    ValueError
        If there are no goods, or a class is unknown where the contract has not one for all.
    """
    if not loads:
        raise ValueError("no item says how many units fit a pallet; add items.pallet_units")
    found: dict[str, int] = {}
    for load in loads:
        rated = table.contract.fak_class or load.freight_class
        if not rated:
            raise ValueError(
                f"{load.name} has no size, so no class; add its length, width and height, or a class for all (fak_class) to "
                f"the contract of {table.contract.service}"
            )
        found[rated] = max(found.get(rated, 0), load.weight_g)
    return found
