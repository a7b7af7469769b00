"""Any carrier that sends its rates and scans as files: no call is ever made."""

from __future__ import annotations

from typing import Final

from evenstock.carriers._access import Access
from evenstock.carriers._by_file import FiledCarrier, by_file

SERVICES: Final[dict[str, str]] = {}
"""Whatever the rate tables name."""


def open_with(access: Access) -> FiledCarrier:
    """The carrier that the option `carrier` names, such as ``{"carrier": "gls"}``.

    Raises
    ------
    ValueError
        If it names none.
    """
    name = access.options.get("carrier", "")
    if not name:
        raise ValueError("rate_file: say whose services are meant with the option carrier, such as gls")
    return by_file(name, access)
