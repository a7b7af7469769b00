"""How unhandy goods are: the measures that oversize and handling charges look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bulk:
    """The largest of each measure over all single units; 0 where unknown.

    No carton is smaller than what is in it, so goods sent together are at least as unhandy as each of them.
    """

    longest_mm: int = 0
    second_mm: int = 0
    """Second longest side."""
    girth_mm: int = 0
    """Length plus girth: the longest side and twice each of the others."""
    volume_mm3: int = 0
    """Of the largest unit."""
    hazmat: bool = False
    """Whether some of it is hazardous."""

    @classmethod
    def of(cls, length_mm: int, width_mm: int, height_mm: int, *, hazmat: bool = False) -> Bulk:
        """One box, its sides in any order.

        Examples
        --------
        A box of 30 x 20 x 10 in has a length plus girth of 30 + 2 x (20 + 10) = 90 in.

        >>> Bulk.of(10, 30, 20)
        Bulk(longest_mm=30, second_mm=20, girth_mm=90, volume_mm3=6000, hazmat=False)
        """
        short, second, longest = sorted((length_mm, width_mm, height_mm))
        return cls(longest, second, longest + 2 * (second + short), longest * second * short, hazmat)

    def beside(self, other: Bulk) -> Bulk:
        """Both sent together.

        Examples
        --------
        >>> Bulk.of(900, 10, 10).beside(Bulk.of(300, 300, 300, hazmat=True))
        Bulk(longest_mm=900, second_mm=300, girth_mm=1500, volume_mm3=27000000, hazmat=True)
        """
        return Bulk(
            max(self.longest_mm, other.longest_mm),
            max(self.second_mm, other.second_mm),
            max(self.girth_mm, other.girth_mm),
            max(self.volume_mm3, other.volume_mm3),
            self.hazmat or other.hazmat,
        )


HANDY: Final = Bulk()
"""Nothing unhandy, or nothing known."""
