"""Lists of postal codes that surcharges name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from evenstock import tables
from evenstock.freight.rows import refuse, rows
from evenstock.freight.surcharge import NOWHERE


class DeliveryAreas:
    """Which lists a postal code is in; what is asked once is remembered."""

    def __init__(self, lists: Mapping[str, Iterable[str]] | None = None) -> None:
        """Codes, or how such codes begin, by list."""
        by_prefix: dict[str, set[str]] = {}
        for name, codes in (lists or {}).items():
            for code in codes:
                by_prefix.setdefault(_plain(code), set()).add(name)
        self.names: frozenset[str] = frozenset(lists or {})
        self._lists = {prefix: frozenset(names) for prefix, names in by_prefix.items()}
        self._lengths = tuple(sorted({len(prefix) for prefix in by_prefix}))
        self._known: dict[str, frozenset[str]] = {}

    @classmethod
    def from_frame(cls, delivery_areas: pl.DataFrame | None) -> DeliveryAreas:
        """Read a frame in the shape of `tables.DeliveryAreas`.

        Raises
        ------
        ValueError
            With every cell that is empty.
        """
        problems: list[str] = []
        lists: dict[str, list[str]] = {}
        for row, values in rows(delivery_areas, tables.DeliveryAreas, "delivery_areas", problems):
            if not _plain(values["postal_code"]):
                problems.append(f"delivery_areas row {row}, {values['area_list']}: postal_code is empty; fill it in")
            lists.setdefault(values["area_list"], []).append(values["postal_code"])
        refuse(problems)
        return cls(lists)

    def of(self, postal_code: str) -> frozenset[str]:
        """The lists that hold a postal code.

        A shorter code, such as a ZIP3, is in a list only if the list holds all of it.

        Examples
        --------
        >>> areas = DeliveryAreas({"remote": ["998", "59001"], "extended": ["59001"]})
        >>> [sorted(areas.of(code)) for code in ("99801-1234", "59001", "590")]
        [['remote'], ['extended', 'remote'], []]
        """
        if not self._lists:
            return NOWHERE
        found = self._known.get(postal_code)
        if found is None:
            code = _plain(postal_code)
            of = [self._lists.get(code[:length], NOWHERE) for length in self._lengths if length <= len(code)]
            found = self._known[postal_code] = NOWHERE.union(*of)
        return found


def _plain(postal_code: str) -> str:
    """A code without spaces and hyphens, in capitals."""
    return postal_code.replace(" ", "").replace("-", "").upper()
