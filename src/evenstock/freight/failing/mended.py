"""Whether what failed has been mended, by the parcels that went that way since."""

from __future__ import annotations

from typing import Final

import numpy as np

from evenstock.freight.failing.detect import Failing, reached
from evenstock.freight.failing.evidence import Evidence
from evenstock.freight.failing.statistic import damage_seen, lately, ratios, rows_of
from evenstock.freight.failing.usual import Usual

LOOKED_DAYS: Final = 14
FEWEST: Final = 10
"""Parcels of the last fortnight without which nothing is said."""
SURE: Final = 20.0
"""How many times as likely the last fortnight must be if all is as usual again."""


def mended(evidence: Evidence, usual: Usual, failing: Failing) -> bool:
    """Whether the last fortnight's parcels speak for the usual and against what was told, clearly.

    Each pattern counts by its weight when the failing was told. Where too few parcels went that way since, as under an
    override that bars it, nobody knows: then it is not said to be mended.
    """
    damage = damage_seen(evidence)
    found = lately(evidence, usual, damage_known=damage, window_days=LOOKED_DAYS)
    mask = reached(evidence, failing)
    if int(mask[found.row].sum()) < FEWEST:
        return False
    summed = ratios(found, rows_of(found, mask), 1, LOOKED_DAYS)[:, 0].sum(axis=1)
    weights = np.array(failing.weights[: summed.size])
    return bool(np.logaddexp.reduce(summed + np.log(np.maximum(weights, 1e-300))) <= -np.log(SURE))
