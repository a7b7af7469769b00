"""Finds the members of an open family: one file each in a package, or an entry point of another distribution."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from types import ModuleType


def members(package: str) -> dict[str, ModuleType]:
    """Modules of `package` by their last name, sorted; third parties add theirs under an entry point group of that name.

    Raises
    ------
    ValueError
        If a third party's member has the name of one that is already there.
    """
    parent = importlib.import_module(package)
    found = {
        info.name: importlib.import_module(f"{package}.{info.name}")
        for info in pkgutil.iter_modules(parent.__path__)
        if not info.name.startswith("_")
    }
    for entry in _installed(package):
        if entry.name in found:
            raise ValueError(
                f"{entry.value}: {package} already has a member named {entry.name!r}; rename the entry point"
            )
        found[entry.name] = entry.load()
    return dict(sorted(found.items()))


@cache
def _installed(group: str) -> EntryPoints:
    """What is installed does not change while the program runs, and reading it takes milliseconds."""
    return entry_points(group=group)
