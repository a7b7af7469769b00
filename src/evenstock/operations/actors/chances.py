r"""How unlikely what an actor does is, and how much such evidence adds up to before somebody is stopped.

Every look at an actor gives a p-value: the chance of something at least as unusual, were it as before. It is wagered at
:math:`e = \tfrac{1}{10} p^{-9/10}`, which on average is at most 1 while nothing has changed (Vovk and Wang, 2021), and the wagers are
added up by the Shiryaev-Roberts rule, :math:`R \leftarrow (1 + R) e`. Whatever the distribution, the mean number of looks until R
first reaches A is at least A while nothing has changed (Shin, Ramdas and Rinaldo, 2023, e-detectors): so the bound A is chosen
from the false alarms that are bearable in a year.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from scipy import special

_SHARE: Final = 0.1
LEAST_P: Final = 1e-300
MOST_EVIDENCE: Final = 1e30


def wagered(evidence: float, p: float) -> float:
    """R after one more look.

    Examples
    --------
    What happens one time in a thousand, five times in a row, is evidence of three hundred million:

    >>> r = 0.0
    >>> for _ in range(5): r = wagered(r, 0.001)
    >>> f"{r:.1e}"
    '3.2e+08'

    and ordinary looks wear it off: after three of them one part in 150 is left.

    >>> for _ in range(3): r = wagered(r, 0.5)
    >>> f"{r:.1e}"
    '2.1e+06'
    """
    return min((1.0 + evidence) * _SHARE * math.pow(max(p, LEAST_P), _SHARE - 1.0), MOST_EVIDENCE)


def rested(evidence: float, looks: int) -> float:
    """R after so many looks at which there was nothing at all (p = 1)."""
    for _ in range(min(looks, 30)):
        evidence = (1.0 + evidence) * _SHARE
    return evidence


def more_than(count: int, mean: float, alpha: float) -> float:
    """P(X >= count) of a negative binomial with this mean and dispersion: a Poisson whose rate is Gamma.

    Examples
    --------
    Ten times the mean of 40 with dispersion 0.3, and the same with dispersion 1:

    >>> f"{more_than(400, 40, 0.3):.0e}", f"{more_than(400, 40, 1.0):.0e}"
    ('1e-11', '5e-05')
    """
    if count <= 0:
        return 1.0
    am = alpha * max(mean, 1e-9)
    # The regularised incomplete beta function, as `distributions.negative_binomial.sf`, for single numbers.
    return float(special.betainc(float(count), 1.0 / alpha, am / (1.0 + am)))


def larger_than(bin_: int, own: Mapping[int, float], others: Mapping[int, float], lean: float, step: float) -> float:
    """Chance of a size in this bin of log size or beyond, by rank among those before (conformal), its far tail by Pareto.

    Parameters
    ----------
    own, others
        Weighted counts by bin: the actor's own, and those of its kind, which count for at most `lean` of its own.
    step
        Width of a bin in natural logarithms.

    Notes
    -----
    Beyond everything seen, the rank's 1 / (n + 1) goes on falling with the mean excess of the largest tenth (Hill, 1975).
    """
    most = sum(others.values())
    share = min(1.0, lean / most) if most > 0 else 0.0
    n = sum(own.values()) + share * most
    above = sum([weight for at, weight in own.items() if at >= bin_])
    above += share * sum([weight for at, weight in others.items() if at >= bin_])
    if above > 0 or n == 0:
        return (above + 1.0) / (n + 1.0)
    mixed = dict(own)
    for at, weight in others.items():
        mixed[at] = mixed.get(at, 0.0) + share * weight
    ranked = sorted(mixed.items(), reverse=True)
    left, top = n / 10, 0.0
    threshold = ranked[0][0]
    for at, weight in ranked:
        threshold = at
        top += weight
        if top >= left:
            break
    excess = sum(weight * (at - threshold) for at, weight in ranked if at > threshold) * step / max(top, 1e-9)
    tail = max(excess, 0.35)
    return math.exp(-(bin_ - ranked[0][0]) * step / tail) / (n + 1.0)


def rarer_than(share: Sequence[float], at: int, *, margin: float = 1.0) -> float:
    """Total share of all that is no more likely than `margin` times what was seen."""
    bound = margin * share[at] + 1e-12
    return min(1.0, sum(one for one in share if one <= bound))
