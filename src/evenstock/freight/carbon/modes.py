"""By which mode a service travels: as the company says, else by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from evenstock.freight.carbon.factors import Mode

_FLIES: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:air|express|overnight|(?:next|one|two|second|1|2|2nd)[ _-]?day)(?:$|[^a-z0-9])"
)
_FREIGHT: Final = re.compile(r"(?:^|[^a-z0-9])(ltl|ftl|rail|barge|sea)(?:$|[^a-z0-9])")


def service_mode(service: str, said: Mapping[str, Mode | str] | None = None) -> Mode:
    """The mode of a service.

    Parameters
    ----------
    service : ``carrier:service``.
    said : what is known, by service, or by carrier and a colon for all services of one: ``{"ups:ground": "rail", "maersk:": "sea"}``.

    Raises
    ------
    ValueError
        If a mode said is none of `Mode`.

    Examples
    --------
    >>> [str(service_mode(s)) for s in ("ups:ground", "ups:two_day", "fedex:priority_overnight", "saia:ltl", "fairway:economy")]
    ['parcel', 'parcel air', 'parcel air', 'ltl', 'parcel']
    >>> str(service_mode("ups:ground", {"ups:ground": "rail"})), str(service_mode("maersk:fcl", {"maersk:": "sea"}))
    ('rail', 'sea')
    """
    carrier = service.partition(":")[0]
    told = (said or {}).get(service) or (said or {}).get(f"{carrier}:")
    if told is not None:
        if told not in set(Mode):
            raise ValueError(f"{service}: mode {told!r} is none of {', '.join(Mode)}")
        return Mode(told)
    return _by_name(service)


@cache
def _by_name(service: str) -> Mode:
    name = service.rpartition(":")[2].lower()
    freight = _FREIGHT.search(name)
    if freight:
        return Mode(freight.group(1))
    return Mode.PARCEL_AIR if _FLIES.search(name) else Mode.PARCEL
