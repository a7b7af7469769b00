"""Goods as a person writes them: `SKU` or `SKU:UNITS`."""

from __future__ import annotations

from evenstock.cli.screen import Exit, fail
from evenstock.domain import Sku, Units


def goods(text: str) -> tuple[Sku, Units]:
    """Item and units of an option `--sku`; what follows the last colon counts where it is a number.

    Examples
    --------
    >>> goods("MUG:3"), goods("A:B"), goods("MUG")
    (('MUG', 3), ('A:B', 1), ('MUG', 1))
    """
    name, colon, count = text.rpartition(":")
    if not colon or not count.isdecimal():
        name, count = text, "1"
    if not int(count):
        fail(Exit.REFUSED_INPUT, f"--sku {text}: at least one unit is wanted")
    return Sku(name), Units(int(count))
