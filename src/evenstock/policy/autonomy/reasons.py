"""Why a line held an action back, in one sentence with the figures that did it."""

from __future__ import annotations

from collections.abc import Iterator

from evenstock.domain import IntendedAction
from evenstock.policy.autonomy.line import Autonomy, Line, Place

_PLAIN = {
    Autonomy.PROPOSE: "a person decides about {}",
    Autonomy.REFUSE: "no {} here",
    Autonomy.PROHIBIT: "this {} is unlawful",
}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def beyond(line: Line, action: IntendedAction) -> str:
    """Which rule speaks, its reason, and what lies beyond its bounds."""
    bounds, rule = line.bounds, line.rule
    facts = list(_beyond(line, action))
    act = action.kind.replace("_", " ")
    said = f"{rule.id}: {rule.because or _PLAIN[line.says].format(act)}"
    if line.article:
        said += f", {line.article}"
    return f"{said} ({'; '.join(facts)})" if facts or bounds.any() else said


def outside(line: Line, action: IntendedAction, place: Place) -> str:
    """What of an action lies outside the envelope of an automatic line."""
    facts = list(_outside(line, action, place)) or ["another condition does not hold"]
    return f"outside {line.rule.id}: {'; '.join(facts)}"


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def share(millionths: int) -> str:
    """Percent, with as many digits as it has."""
    return f"{millionths / 10_000:g}%"


def span(seconds: int) -> str:
    """Seconds in the largest unit that says them within a tenth."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{seconds} s"


def _beyond(line: Line, action: IntendedAction) -> Iterator[str]:
    bounds = line.bounds
    if bounds.cents is not None:
        yield "worth " + ("unknown" if action.cents is None else money(action.cents)) + f", above {money(bounds.cents)}"
    if bounds.units is not None:
        yield f"{'unknown' if action.units is None else action.units} units, above {bounds.units}"
    sure = action.confidence_millionths
    if bounds.confidence is not None:
        yield f"confidence {'unknown' if sure is None else share(sure)}, below {share(bounds.confidence)}"
    if bounds.age is not None:
        yield f"data {'of unknown age' if action.data_age_s is None else span(action.data_age_s) + ' old'}, above {span(bounds.age)}"
    yield from _unknown_goods(line, action)


def _unknown_goods(line: Line, action: IntendedAction) -> Iterator[str]:
    if line.origins and action.origin_country is None:
        yield "origin country unknown"
    if line.destinations and action.destination_country is None:
        yield "destination country unknown"
    if line.bonded is not None and action.bonded is None:
        yield "bond unknown"


def _outside(line: Line, action: IntendedAction, place: Place) -> Iterator[str]:
    bounds, sure = line.bounds, action.confidence_millionths
    if bounds.cents is not None and (action.cents is None or action.cents > bounds.cents):
        yield (
            "worth " + ("unknown" if action.cents is None else money(action.cents)) + f", at most {money(bounds.cents)}"
        )
    if bounds.units is not None and (action.units is None or action.units > bounds.units):
        yield f"{'unknown' if action.units is None else action.units} units, at most {bounds.units}"
    if bounds.confidence is not None and (sure is None or sure < bounds.confidence):
        yield f"confidence {'unknown' if sure is None else share(sure)}, at least {share(bounds.confidence)}"
    if bounds.age is not None and (action.data_age_s is None or action.data_age_s >= bounds.age):
        age = "of unknown age" if action.data_age_s is None else f"{span(action.data_age_s)} old"
        yield f"data {age}, younger than {span(bounds.age)}"
    yield from _wrong_goods(line, action)
    for word, names, there in (
        ("node", line.nodes, place.node),
        ("channel", line.channels, place.channel),
        ("category", line.categories, place.category),
    ):
        if names and there is None:
            yield f"{word} unknown"
    if line.regions and place.node is None:
        yield "region unknown"


def _wrong_goods(line: Line, action: IntendedAction) -> Iterator[str]:
    for word, names, there in (
        ("origin", line.origins, action.origin_country),
        ("destination", line.destinations, action.destination_country),
    ):
        if names and there not in names:
            yield f"{word} country {there or 'unknown'}, not {' or '.join(sorted(names))}"
    if line.bonded is not None and action.bonded is not line.bonded:
        found = "unknown" if action.bonded is None else "yes" if action.bonded else "no"
        yield f"bonded {found}, not {'yes' if line.bonded else 'no'}"
