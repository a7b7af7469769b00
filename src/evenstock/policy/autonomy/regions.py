"""Regions that a policy names: each once, none by the name of a country, and none spoken of that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from evenstock.domain import Node
from evenstock.policy.ruling import Ruling


def wrong_regions(rulings: Sequence[Ruling], nodes: Sequence[Node]) -> list[str]:
    """Every problem with regions, in words; a country of a node or of a region is a region by itself."""
    defined = [region for ruling in rulings if (region := ruling.region()) is not None]
    countries = {node.country for node in nodes}.union(*(region.countries for region in defined))
    problems: list[str] = []
    by_name: dict[str, str] = {}
    for region in defined:
        if region.name in countries:
            problems.append(
                f"rule {region.rule} (region): {region.name} is a country and a region by itself; choose another name"
            )
        elif region.name in by_name:
            problems.append(
                f"rule {region.rule} (region): {region.name} is named by rule {by_name[region.name]} already;"
                " list all its countries there"
            )
        by_name.setdefault(region.name, region.rule)
    known = sorted({*by_name, *countries})
    for line in filter(None, (ruling.line() for ruling in rulings)):
        for name in sorted(line.regions - set(known)):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there is {', '.join(known)}."
            problems.append(
                f"rule {line.rule.id} ({line.rule.kind}): regions names {name}, which is no region; {hint}"
                " A region is named by a rule: region NAME of COUNTRIES"
            )
    return problems
