"""What invoices taught about a card until it is mended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from evenstock.freight.surcharge import WHOLE_BP, share_cents

BASE: Final = "base"
FUEL: Final = "fuel"


@dataclass(frozen=True, slots=True)
class Correction:
    """An expected difference of each charge of a name, with an end: afterwards the card is believed again."""

    charge: str
    """`base`, `fuel`, or the surcharge it is about."""
    valid_from: date
    valid_to: date
    cents: int
    share_bp: int
    because: str = ""

    def __post_init__(self) -> None:
        if self.valid_to < self.valid_from:
            raise ValueError(f"correction of {self.charge}: ends on {self.valid_to}, before it begins")
        if self.share_bp < -WHOLE_BP:
            raise ValueError(f"correction of {self.charge}: no more than the whole charge can be taken off")

    @property
    def name(self) -> str:
        return f"correction: {self.charge}"

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on <= self.valid_to

    def of(self, cents: int) -> int:
        """What is added to a charge.

        Examples
        --------
        4.1 % of a residential charge of 5.95 is 0.24395, hence 0.24.

        >>> Correction("residential", date(2026, 10, 3), date(2026, 12, 31), 0, 410).of(595)
        24
        """
        return self.cents + share_cents(cents, self.share_bp)
