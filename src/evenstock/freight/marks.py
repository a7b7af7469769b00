"""How unhandy goods are, as one whole number that compiled loops compare.

The low bits hold the longest side in mm. Each bit above them stands for one threshold of another measure (a second side
of more than 762 mm, hazardous goods) and is set where it is exceeded. A charge has a number of the same kind: the
longest side above which it is due, `NO_LENGTH` for none, and the bits of which any one makes it due. Goods sent together
have the longer side and all bits of both. So a charge due by any of several measures is one number, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenstock.freight.bulk import Bulk
from evenstock.freight.surcharge import BULKY, Surcharge

Whole = NDArray[np.int64]
LENGTH_BITS: Final = 17
NO_LENGTH: Final = (1 << LENGTH_BITS) - 1
"""Longest side, in mm, that the low bits hold; longer ones count as this. As a threshold: no length is above it."""
MOST_MARKS: Final = 62 - LENGTH_BITS


class Marks:
    """Bits for the thresholds of some surcharges."""

    def __init__(self, surcharges: Iterable[Surcharge] = ()) -> None:
        """Number every threshold, but those of a longest side that fit the low bits.

        Raises
        ------
        ValueError
            If there are more than `MOST_MARKS`.
        """
        found = {(s.applies, s.above) for s in surcharges if s.applies in BULKY and not _by_length(s)}
        if len(found) > MOST_MARKS:
            raise ValueError(
                f"surcharges have {len(found)} different thresholds of second side, girth, volume and hazard; "
                f"at most {MOST_MARKS} can be told apart: leave out cards long past"
            )
        self._bit = {key: 1 << LENGTH_BITS + k for k, key in enumerate(sorted(found))}
        self._tests = tuple((Surcharge("", kind, above), bit) for (kind, above), bit in self._bit.items())
        self.plain: bool = not self._bit
        """Whether the longest side is all that matters."""

    def above(self, surcharge: Surcharge) -> int:
        """Number of a charge that looks at goods.

        Raises
        ------
        KeyError
            If its threshold was not among those numbered.
        """
        if _by_length(surcharge):
            return surcharge.above
        return self._bit[surcharge.applies, surcharge.above] | NO_LENGTH

    def code(self, goods: Bulk) -> int:
        """Number of goods.

        Examples
        --------
        >>> marks = Marks([Surcharge("girth", "girth_over", 2_667, 1_700), Surcharge("long", "longest_over", 1_219, 900)])
        >>> marks.code(Bulk(1_300, girth_mm=2_667)), marks.code(Bulk(1_300, girth_mm=2_668)) == 1_300 + 2**17
        (1300, True)
        """
        code = min(goods.longest_mm, NO_LENGTH)
        for test, bit in self._tests:
            if test.met_by(goods):
                code |= bit
        return code

    def codes(
        self,
        longest_mm: ArrayLike,
        second_mm: ArrayLike = 0,
        girth_mm: ArrayLike = 0,
        volume_mm3: ArrayLike = 0,
        hazmat: ArrayLike = False,
    ) -> Whole:
        """Numbers of many goods; arguments broadcast."""
        measure = {
            "longest_over": np.asarray(longest_mm, np.int64),
            "second_longest_over": np.asarray(second_mm, np.int64),
            "girth_over": np.asarray(girth_mm, np.int64),
            "volume_over": np.asarray(volume_mm3, np.int64),
            "hazmat": np.where(np.asarray(hazmat, np.bool_), np.iinfo(np.int64).max, 0),
        }
        code: Whole = np.minimum(measure["longest_over"], NO_LENGTH)
        for (kind, above), bit in self._bit.items():
            code = code | (measure[kind] > above) * np.int64(bit)
        return np.asarray(code, np.int64)


def together(codes: Whole) -> int:
    """Number of goods sent together, shape ``(goods,)``.

    Examples
    --------
    >>> together(np.array([1_300, 200 + 2**17, 2**18])) == 1_300 + 2**17 + 2**18
    True
    """
    longest = int((codes & NO_LENGTH).max(initial=0))
    return longest | (int(np.bitwise_or.reduce(codes)) & ~NO_LENGTH)


def any_of(codes: Iterable[int]) -> int:
    """Number of a charge that is due where any of these is."""
    return reduce(lambda one, other: min(one & NO_LENGTH, other & NO_LENGTH) | ((one | other) & ~NO_LENGTH), codes)


def is_met(goods: ArrayLike, above: ArrayLike) -> NDArray[np.bool_]:
    """Whether goods are what a charge is due for; arguments broadcast."""
    goods, above = np.asarray(goods, np.int64), np.asarray(above, np.int64)
    met: NDArray[np.bool_] = ((goods & NO_LENGTH) > (above & NO_LENGTH)) | ((goods & above & ~NO_LENGTH) != 0)
    return met


def _by_length(surcharge: Surcharge) -> bool:
    return surcharge.applies == "longest_over" and surcharge.above < NO_LENGTH
