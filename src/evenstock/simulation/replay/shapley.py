"""What each of several causes is worth when all of them together are worth so much: shares that add up, whatever the order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial


def shares(causes: Sequence[str], cost: Callable[[frozenset[str]], int]) -> dict[str, int]:
    """Whole cents by cause that add up to ``cost(none mended) - cost(all mended)`` exactly.

    A cause's share is what mending it saves, averaged over every order in which the causes could be mended one after the
    other: two causes that do harm only together carry half of it each, one that does none carries nothing. Shares are
    fractions and add up exactly; they are then rounded down, and the cents left over go to the largest remainders, equal
    ones to the cause named first.

    Parameters
    ----------
    causes
        At most about eight: `cost` is asked once for each of their 2^n subsets.
    cost
        Cents when the causes in the set are mended.

    References
    ----------
    Shapley (1953), A value for n-person games.

    Examples
    --------
    Wrong stock alone costs 3.00, wrong prices alone nothing, and 1.00 more with wrong stock; the third cause is idle:

    >>> at = {"": 500, "stock": 100, "prices": 400, "prices stock": 100}
    >>> shares(("stock", "prices", "rules"), lambda s: at[" ".join(sorted(s - {"rules"}))])
    {'stock': 350, 'prices': 50, 'rules': 0}
    """
    n = len(causes)
    known = {frozenset(some): cost(frozenset(some)) for size in range(n + 1) for some in combinations(causes, size)}
    weight = [Fraction(factorial(size) * factorial(n - size - 1), factorial(n)) for size in range(n)]
    exact = {
        cause: sum(
            (
                weight[len(mended)] * (cents - known[mended | {cause}])
                for mended, cents in known.items()
                if cause not in mended
            ),
            Fraction(0),
        )
        for cause in causes
    }
    floor = {cause: share.numerator // share.denominator for cause, share in exact.items()}
    left = known[frozenset()] - known[frozenset(causes)] - sum(floor.values())
    first = sorted(causes, key=lambda cause: (floor[cause] - exact[cause], causes.index(cause)))
    return {cause: floor[cause] + (cause in first[:left]) for cause in causes}
