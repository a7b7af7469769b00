"""What asking the rules costs: who may do one action, and who may do each line of a plan of 10,000."""

from __future__ import annotations

import gc
import random
import statistics
from datetime import date
from time import perf_counter

from benchmarks.harness import report

from evenstock import policy
from evenstock.domain import (
    ActionKind,
    ActorKind,
    Cents,
    IntendedAction,
    Item,
    Node,
    NodeId,
    NodeKind,
    Role,
    Sku,
    Units,
)
from evenstock.domain.names import Grams
from evenstock.policy import text
from evenstock.policy.autonomy import Place

NODES, CATEGORIES, CHANNELS, LINES = 40, 12, 5, 10_000
DAY = date(2026, 11, 20)
_SURE = "confidence at least {}% and data younger than {}h"


def main() -> None:
    ready = _company()
    rng = random.Random(8)
    plan = [_line(rng) for _ in range(LINES)]
    ready.verdicts(plan, DAY)
    single = []
    for action in plan[:2_000]:
        place = Place(action.nodes[0], action.channel, action.categories[0])
        ready.effective(place, DAY, action.kind)
        begin = perf_counter()
        ready.effective(place, DAY, action.kind)
        ready.verdict(action, DAY)
        single.append(perf_counter() - begin)
    whole = []
    for _ in range(7):
        gc.collect()
        begin = perf_counter()
        judged = ready.verdicts(plan, DAY)
        whole.append(perf_counter() - begin)
    automatic = sum(one.automatic for one in judged)
    report(
        "governance",
        {
            "verdict_us": statistics.median(single) * 1e6,
            "verdict_p99_us": statistics.quantiles(single, n=100)[98] * 1e6,
            "verdict_10k_s": statistics.median(whole),
        },
        [
            f"{len(ready.policy.rules)} rules, {NODES} nodes; effective policy and verdict of one action, warm, must 50 µs,",
            f"aim 10; verdicts of {LINES:,} transfers of two nodes each, must 1 s, aim 0.2; {automatic:,} of them automatic",
        ],
    )


def _company() -> policy.CompiledPolicy:
    nodes = {
        NodeId(f"N{k:02}"): Node(
            NodeId(f"N{k:02}"), NodeKind.OWN, "75201", "UTC", country=("US", "DE", "FR", "CA")[k % 4]
        )
        for k in range(NODES)
    }
    items = {Sku(f"S{k}"): Item(Sku(f"S{k}"), Grams(100), category=f"C{k}") for k in range(CATEGORIES)}
    return policy.compile(text.parse(_rules()), nodes, items)


def _rules() -> str:
    said = [
        "rule eu: region EU of DE, FR",
        'rule embargo: prohibit route, transfer under "31 CFR 515.201" when destination country is CU',
        'rule bond: prohibit route, transfer under "Regulation (EU) 952/2013, Art. 134" when region is EU and bonded is yes',
        "rule dear: propose transfer, buy for finance when value above 10000",
        "rule agents: propose transfer, buy for planner when actor is agent and value above 250",
        "rule blind: refuse transfer, buy when data older than 2d",
        f"rule moves: automatic transfer when value at most 500 and units at most 200 and {_SURE.format(90, 4)}",
        f"rule eu-moves: automatic transfer when region is EU and value at most 300 and {_SURE.format(95, 2)}",
        "rule power: propose transfer for safety when category is C3",
    ]
    for k in range(NODES // 2):
        said.append(
            f"rule n{k}: automatic transfer when node is N{k:02} and value at most {200 + 50 * k} and {_SURE.format(85, 6)}"
        )
        said.append(f"rule r{k}: refuse transfer when node is N{k:02} and units above {400 + k}")
        said.append(f"rule p{k}: propose transfer for desk when node is N{k:02} and confidence below 60%")
    return "\n".join(said)


def _line(rng: random.Random) -> IntendedAction:
    giving, taking = rng.sample(range(NODES), 2)
    return IntendedAction(
        ActionKind.TRANSFER,
        rng.choice((ActorKind.SCHEDULE, ActorKind.AGENT)),
        frozenset({Role.PLANNER}),
        (NodeId(f"N{giving:02}"), NodeId(f"N{taking:02}")),
        "",
        (f"C{rng.randrange(CATEGORIES)}",),
        Cents(rng.randrange(60_000)),
        Units(rng.randrange(1, 300)),
        rng.randrange(800_000, 1_000_001),
        rng.randrange(20_000),
        "US",
        "US",
        bonded=False,
    )


if __name__ == "__main__":
    main()
