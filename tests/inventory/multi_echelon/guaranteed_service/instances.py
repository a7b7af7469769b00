"""Small networks from a seed, and the textbook's."""

from __future__ import annotations

import numpy as np

from evenstock.inventory.multi_echelon.guaranteed_service import (
    Demand,
    Link,
    Network,
    Stage,
    StageTime,
    cases,
    fixed,
    normal,
)


def example_6_5() -> Network:
    """Snyder and Shen (2019), example 6.5: 1 → 3 → {2, 4}."""
    return Network(
        (
            Stage("1", fixed(2), 1, supplied_in=1),
            Stage("3", fixed(1), 2),
            Stage("2", fixed(1), 3, Demand(0, 1, 1, 0)),
            Stage("4", fixed(1), 3, Demand(0, 1, 1, 1)),
        ),
        (Link("1", "3"), Link("3", "2"), Link("3", "4")),
    )


def figure_6_14() -> Network:
    """Snyder and Shen (2019), figure 6.14: a digital camera, ten stages, sold within two days."""
    stages = [
        (0.01, 2),
        (0.03, 3),
        (0.04, 2),
        (0.06, 4),
        (0.12, 2),
        (0.13, 3),
        (0.2, 6),
        (0.08, 4),
        (0.04, 3),
        (0.5, 2),
    ]
    links = [(1, 2), (2, 3), (3, 5), (4, 5), (5, 6), (6, 10), (7, 10), (8, 10), (9, 10)]
    sold = Demand(0, 10, 1.6448536269514722, 2)
    return Network(
        tuple(Stage(str(k), fixed(t), h, sold if k == 10 else None) for k, (h, t) in enumerate(stages, 1)),
        tuple(Link(str(a), str(b)) for a, b in links),
    )


def problem_6_9() -> Network:
    """Snyder and Shen (2019), problem 6.9: six stages, two products within three days, four deviations covered."""
    stages = [(44, 7), (28, 7), (18, 21), (1, 3), (4, 8), (1.5, 2)]
    sold = {1: Demand(22.0, 4.1, 4, 3), 2: Demand(15.0, 6.2, 4, 3)}
    links = [(3, 1), (3, 2), (4, 3), (5, 3), (6, 5)]
    return Network(
        tuple(Stage(str(k), fixed(t), h / 365, sold.get(k)) for k, (h, t) in enumerate(stages, 1)),
        tuple(Link(str(a), str(b)) for a, b in links),
    )


def _time(rng: np.random.Generator, random_times: bool) -> StageTime:
    if not random_times or rng.random() < 0.4:
        return fixed(int(rng.integers(0, 4)) + float(rng.choice([0, 0, 0.5])))
    if rng.random() < 0.5:
        return cases({int(rng.integers(0, 2)): 0.7, int(rng.integers(2, 5)): 0.3})
    return normal(2.0, float(rng.uniform(0.1, 0.6)))


def _network(
    rng: np.random.Generator, links: list[tuple[int, int]], stages: int, random_times: bool = False
) -> Network:
    supplies = {a for a, _ in links}
    made = []
    for i in range(stages):
        sold = Demand(10, float(rng.uniform(1, 4)), float(rng.uniform(1, 2)), int(rng.integers(0, 3)))
        sells = i not in supplies or rng.random() < 0.1
        inbound = int(rng.integers(0, 3)) if rng.random() < 0.3 else 0
        cost = float(rng.uniform(0.5, 2)) * (1 + i)
        made.append(Stage(str(i), _time(rng, random_times), cost, sold if sells else None, inbound))
    return Network(tuple(made), tuple(Link(str(a), str(b), float(rng.choice([1, 1, 2]))) for a, b in links))


def tree(seed: int, stages: int, random_times: bool = False) -> Network:
    """Every stage beyond the first is joined to an earlier one, as its supplier or its customer."""
    rng = np.random.default_rng(seed)
    links = []
    for i in range(1, stages):
        j = int(rng.integers(0, i))
        links.append((i, j) if rng.random() < 0.5 else (j, i))
    return _network(rng, links, stages, random_times)


def acyclic(seed: int, stages: int, links: int, random_times: bool = False) -> Network:
    """Links lead from lower to higher numbers, drawn evenly."""
    rng = np.random.default_rng(seed)
    every = [(a, b) for b in range(stages) for a in range(b)]
    picked = rng.choice(len(every), min(links, len(every)), replace=False)
    return _network(rng, [every[k] for k in sorted(picked.tolist())], stages, random_times)
