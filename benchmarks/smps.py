"""Reads stochastic programs in SMPS form: core, time and stoch files of two stages, INDEP and BLOCKS DISCRETE.

Birge, Dempster, Gassmann, Gunn, King and Wallace (1987), A standard input format for multiperiod stochastic linear
programs, COAL Newsletter 17.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evenstock.optimisation.two_stage import Entries, Scenarios, Stage, TwoStage


@dataclass(frozen=True)
class Chance:
    """Something that turns out one way or another, independent of all else."""

    places: tuple[tuple[str, str], ...]
    """Column (or right-hand side) and row of each value, as in the file."""
    probability: np.ndarray
    """As in the file, ``(n,)``."""
    values: np.ndarray
    """``(n, places)``."""


@dataclass(frozen=True)
class Smps:
    """A two-stage problem with its mean (core) scenario, and what is random about it."""

    name: str
    core: TwoStage
    chances: tuple[Chance, ...]
    kinds: tuple[tuple[str, int], ...]
    """For every place of every chance: right, cost, technology or recourse, and where."""

    @property
    def scenario_count(self) -> int:
        return math.prod(len(chance.probability) for chance in self.chances)

    def all_scenarios(self) -> TwoStage:
        """Every scenario with its probability."""
        ways = list(itertools.product(*(range(len(chance.probability)) for chance in self.chances)))
        chosen = np.array(ways, np.int64)
        weight = np.prod([c.probability[chosen[:, n]] for n, c in enumerate(self.chances)], axis=0)
        return self.core.with_scenarios(self._scenarios(chosen, weight))

    def draw(self, rng: np.random.Generator, size: int) -> Scenarios:
        """A Latin hypercube sample: every chance is spread evenly over its outcomes (McKay, Beckman, Conover 1979)."""
        chosen = np.empty((size, len(self.chances)), np.int64)
        for n, chance in enumerate(self.chances):
            even = (rng.permutation(size) + rng.random(size)) / size
            steps = np.cumsum(chance.probability)
            chosen[:, n] = np.minimum(np.searchsorted(steps, even * steps[-1], side="right"), len(steps) - 1)
        return self._scenarios(chosen, np.full(size, 1 / size))

    def _scenarios(self, chosen: np.ndarray, weight: np.ndarray) -> Scenarios:
        values = np.concatenate([c.values[chosen[:, n]] for n, c in enumerate(self.chances)], axis=1)
        given: dict[str, np.ndarray] = {}
        for kind, places in (
            ("right", "row"),
            ("cost", "cost_column"),
            ("technology", "technology_entry"),
            ("recourse", "recourse_entry"),
        ):
            mine = [n for n, (what, _) in enumerate(self.kinds) if what == kind]
            if mine:
                given[kind] = values[:, mine]
                given[places] = np.array([self.kinds[n][1] for n in mine], np.int64)
        return Scenarios(probability=weight, **given)


def _lines(path: Path) -> list[tuple[bool, list[str]]]:
    """Whether a line is a section's head, and its words; comments left out."""
    text = path.read_text(encoding="latin-1")
    lines = [line.rstrip() for line in text.splitlines()]
    return [(not line[0].isspace(), line.split()) for line in lines if line.strip() and not line.startswith("*")]


@dataclass
class _Core:
    rows: dict[str, str]
    """Kind by name, in order, the objective included."""
    columns: list[str]
    entries: list[tuple[str, str, float]]
    right: dict[str, float]
    ranges: dict[str, float]
    bounds: dict[str, tuple[float, float]]


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    """Names and values after the label of a line; the label may be missing."""
    rest = words[1:] if len(words) % 2 else words
    return list(zip(rest[::2], rest[1::2], strict=True))


def _core(path: Path) -> _Core:
    core = _Core({}, [], [], {}, {}, {})
    seen: set[str] = set()
    section = ""
    for head, words in _lines(path):
        if head:
            section = words[0]
        elif section == "ROWS":
            core.rows[words[1]] = words[0]
        elif section == "COLUMNS":
            if words[0] not in seen:
                seen.add(words[0])
                core.columns.append(words[0])
            core.entries += [(words[0], row, float(value)) for row, value in _pairs(words)]
        elif section in {"RHS", "RANGES"}:
            into = core.right if section == "RHS" else core.ranges
            into |= {row: float(value) for row, value in _pairs(words)}
        elif section == "BOUNDS":
            _bound(core, words)
    return core


def _bound(core: _Core, words: list[str]) -> None:
    kind, rest = words[0], words[1:]
    has_value = kind in {"UP", "LO", "FX"}
    column, value = (rest[-2], float(rest[-1])) if has_value else (rest[-1], 0.0)
    lower, upper = core.bounds.get(column, (0.0, math.inf))
    core.bounds[column] = {
        "UP": (lower, value),
        "LO": (value, upper),
        "FX": (value, value),
        "FR": (-math.inf, math.inf),
        "MI": (-math.inf, upper),
        "PL": (lower, math.inf),
    }[kind]


def _row_bounds(core: _Core, row: str) -> tuple[float, float]:
    kind, right = core.rows[row], core.right.get(row, 0.0)
    if row in core.ranges:
        raise ValueError(f"row {row}: ranges are not read")
    return {"E": (right, right), "L": (-math.inf, right), "G": (right, math.inf)}[kind]


def _period_starts(path: Path) -> tuple[str, str]:
    """Column and row with which the second stage begins."""
    periods = [words for head, words in _lines(path) if not head]
    if len(periods) != 2:
        raise ValueError(f"{path.name}: {len(periods)} periods; two-stage problems are read")
    return periods[1][0], periods[1][1]


def _chances(path: Path) -> tuple[Chance, ...]:
    outcomes: dict[str, list[tuple[float, dict[tuple[str, str], float]]]] = {}
    section, block = "", ""
    for head, words in _lines(path):
        if head:
            section = " ".join(words)
            if words[0] in {"INDEP", "BLOCKS"} and words[1] != "DISCRETE":
                raise ValueError(f"{path.name}: {section}; discrete distributions are read")
        elif section.startswith("INDEP"):
            column, row, value, probability = words[0], words[1], float(words[2]), float(words[-1])
            outcomes.setdefault(f"{column} {row}", []).append((probability, {(column, row): value}))
        elif section.startswith("BLOCKS"):
            if words[0] == "BL":
                block = words[1]
                outcomes.setdefault(block, []).append((float(words[-1]), {}))
                continue
            outcomes[block][-1][1].update({(words[0], row): float(value) for row, value in _pairs(words)})
    chances = []
    for ways in outcomes.values():
        # A later outcome of a block may tell only what differs from the first.
        places = tuple(ways[0][1])
        values = [[told.get(place, ways[0][1][place]) for place in places] for _, told in ways]
        chances.append(Chance(places, np.array([p for p, _ in ways]), np.array(values)))
    return tuple(chances)


def read(folder: Path) -> Smps:
    """The problem in this folder, its files named as the folder."""
    name = folder.name
    core = _core(folder / f"{name}.cor")
    second_column, second_row = _period_starts(folder / f"{name}.tim")
    rows = [row for row, kind in core.rows.items() if kind != "N"]
    objective = next(row for row, kind in core.rows.items() if kind == "N")
    split_row, split_column = rows.index(second_row), core.columns.index(second_column)
    column_at = {column: n for n, column in enumerate(core.columns)}
    row_at = {row: n for n, row in enumerate(rows)}

    cost = np.zeros(len(core.columns))
    parts: dict[tuple[bool, bool], list[tuple[int, int, float]]] = {(r, c): [] for r in (0, 1) for c in (0, 1)}
    number: dict[tuple[str, str], tuple[str, int]] = {}
    for column, row, value in core.entries:
        c = column_at[column]
        if row == objective:
            cost[c] = value
        elif row in row_at:
            r = row_at[row]
            later_row, later_column = r >= split_row, c >= split_column
            part = parts[later_row, later_column]
            number[column, row] = ("recourse" if later_column else "technology", len(part))
            part.append((r - split_row * later_row, c - split_column * later_column, value))
    if parts[False, True]:
        raise ValueError(f"{name}: a first-stage row asks for a second-stage column")

    def entries(part: list[tuple[int, int, float]]) -> Entries:
        table = np.array(part, np.float64).reshape(-1, 3)
        return Entries(row=table[:, 0].astype(np.int64), column=table[:, 1].astype(np.int64), value=table[:, 2])

    def stage(some_rows: list[str], some: slice, part: list[tuple[int, int, float]]) -> Stage:
        bounds = np.array([core.bounds.get(c, (0.0, math.inf)) for c in core.columns[some]]).reshape(-1, 2)
        row_bounds = np.array([_row_bounds(core, r) for r in some_rows]).reshape(-1, 2)
        return Stage(
            cost=cost[some],
            lower=bounds[:, 0],
            upper=bounds[:, 1],
            row_lower=row_bounds[:, 0],
            row_upper=row_bounds[:, 1],
            entries=entries(part),
        )

    chances = _chances(folder / f"{name}.sto")
    kinds = []
    for column, row in (place for chance in chances for place in chance.places):
        if column in column_at and row == objective:
            kinds.append(("cost", column_at[column] - split_column))
        elif column in column_at:
            kinds.append(number[column, row])
        else:
            kinds.append(("right", row_at[row] - split_row))
    two_stage = TwoStage(
        first=stage(rows[:split_row], slice(0, split_column), parts[False, False]),
        second=stage(rows[split_row:], slice(split_column, None), parts[True, True]),
        technology=entries(parts[True, False]),
        scenarios=Scenarios(probability=np.ones(1)),
    )
    return Smps(name, two_stage, chances, tuple(kinds))
