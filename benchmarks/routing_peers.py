"""Another solver on the same orders, in a process of its own: `python -m benchmarks.routing_peers cpsat cases.npz`.

Each order is the program that an engineer would write: a line travels by one candidate, a shipment pays one step of its
ladder and full cartons before it. Prints one JSON object with cents, seconds of building and CPU seconds of solving.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

LIMIT_S = 120.0


@dataclass
class Sent:
    """One order's arrays, as read from the file."""

    arrays: dict[str, np.ndarray]

    def __getattr__(self, name: str) -> Any:
        return self.arrays[name]

    def ladder_of(self, c: int) -> tuple[np.ndarray, np.ndarray, int, list[tuple[int, int]]]:
        which = int(self.ladder[c])
        steps = slice(int(self.first_step[which]), int(self.first_step[which + 1]))
        long = range(int(self.first_long[which]), int(self.first_long[which + 1]))
        charges = [(int(self.long_above[n]), int(self.long_cents[n])) for n in long]
        return self.max_weight_g[steps], self.step_cents[steps], int(self.divisor[which]), charges

    def most_full(self, c: int, able: np.ndarray) -> int:
        """Full cartons before the last, if one shipment takes all that it may."""
        ends, _, divisor, _ = self.ladder_of(c)
        grams = int(self.weight_g[able].sum())
        if divisor:
            grams = max(grams, -(-int(self.volume_mm3[able].sum()) // divisor))
        return max(0, -(-grams // int(ends[-1])) - 1)


def build(case: Sent, solver: Any) -> None:
    """The model, in the words of a small interface that both solvers speak."""
    lines, shipments, worth = len(case.units), int(case.max_shipments), int(case.min_split_value_cents)
    used_of, x_of = {}, {}
    cost: list[tuple[int, Any]] = []
    alone = solver.binary()
    for c in range(len(case.node)):
        able = np.flatnonzero(case.permitted[c] & (case.atp[case.node[c]] >= case.units))
        if not able.size:
            continue
        ends, cents, divisor, charges = case.ladder_of(c)
        full, used = solver.whole(case.most_full(c, able)), solver.binary()
        x, step = {int(i): solver.binary() for i in able}, [solver.binary() for _ in ends]
        solver.equal([(1, y) for y in step], used)
        for travels in x.values():
            solver.at_most([(1, travels), (-1, used)], 0)
        room = [(-int(end), y) for end, y in zip(ends, step, strict=True)] + [(-int(ends[-1]), full)]
        solver.at_most([(int(case.weight_g[i]), x[i]) for i in x] + room, 0)
        if divisor:
            grown = [(factor * divisor, y) for factor, y in room]
            solver.at_most([(int(case.volume_mm3[i]), x[i]) for i in x] + grown, 0)
        for above, price in charges:
            long = [i for i in x if case.longest_mm[i] > above]
            if long:
                due, most = solver.binary(), case.most_full(c, able)
                paid = solver.whole(most)
                for i in long:
                    solver.at_most([(1, x[i]), (-1, due)], 0)
                solver.at_most([(1, full), (most, due), (-1, paid)], most)
                cost += [(price, due), (price, paid)]
        if worth:
            solver.at_most([(-int(case.value_cents[i]), x[i]) for i in x] + [(worth, used), (-worth, alone)], 0)
        cost += [(int(case.shipment_cents[c] + case.extra_shipment_cents), used), (int(cents[-1]), full)]
        cost += [(int(price), y) for price, y in zip(cents, step, strict=True)]
        cost += [(int(case.unit_cents[c, i] * case.units[i]), x[i]) for i in x]
        used_of[c], x_of[c] = used, x
    for i in range(lines):
        solver.equal([(1, x[i]) for x in x_of.values() if i in x], 1)
    solver.at_most([(1, u) for u in used_of.values()], shipments)
    solver.at_most([(1, u) for u in used_of.values()] + [(shipments - 1, alone)], shipments)
    for k in range(case.atp.shape[0]):
        for number in set(case.item.tolist()):
            same = np.flatnonzero(case.item == number)
            if len(same) > 1:
                taken = [
                    (int(case.units[i]), x_of[c][int(i)])
                    for c in x_of
                    for i in same
                    if case.node[c] == k and i in x_of[c]
                ]
                solver.at_most(taken, int(case.atp[k, same[0]]))
    solver.minimise(cost)


class CpSat:
    def __init__(self) -> None:
        from ortools.sat.python import cp_model

        self.cp, self.model = cp_model, cp_model.CpModel()

    def binary(self) -> Any:
        return self.model.new_bool_var("")

    def whole(self, most: int) -> Any:
        return self.model.new_int_var(0, most, "")

    def total(self, terms: list[tuple[int, Any]]) -> Any:
        return self.cp.LinearExpr.weighted_sum([v for _, v in terms], [f for f, _ in terms])

    def equal(self, terms: list[tuple[int, Any]], to: Any) -> None:
        self.model.add(self.total(terms) == to)

    def at_most(self, terms: list[tuple[int, Any]], most: int) -> None:
        self.model.add(self.total(terms) <= most)

    def minimise(self, terms: list[tuple[int, Any]]) -> None:
        self.model.minimize(self.total(terms))

    def solve(self) -> int | None:
        solver = self.cp.CpSolver()
        solver.parameters.num_workers, solver.parameters.random_seed = 1, 0
        solver.parameters.max_time_in_seconds = LIMIT_S
        if solver.solve(self.model) != self.cp.OPTIMAL:
            return None
        return round(solver.objective_value)


class Cbc:
    def __init__(self) -> None:
        import pulp

        self.pulp, self.model, self.count = pulp, pulp.LpProblem("order", pulp.LpMinimize), 0

    def binary(self) -> Any:
        return self.whole(1)

    def whole(self, most: int) -> Any:
        self.count += 1
        return self.pulp.LpVariable(f"v{self.count}", 0, most, self.pulp.LpInteger)

    def total(self, terms: list[tuple[int, Any]]) -> Any:
        return self.pulp.LpAffineExpression([(v, f) for f, v in terms])

    def equal(self, terms: list[tuple[int, Any]], to: Any) -> None:
        self.model += self.total(terms) == to

    def at_most(self, terms: list[tuple[int, Any]], most: int) -> None:
        self.model += self.total(terms) <= most

    def minimise(self, terms: list[tuple[int, Any]]) -> None:
        self.model.setObjective(self.total(terms))

    def solve(self) -> int | None:
        self.model.solve(self.pulp.PULP_CBC_CMD(msg=False, threads=1, timeLimit=LIMIT_S, gapRel=0, gapAbs=0.5))
        if self.model.sol_status != self.pulp.LpSolutionOptimal:
            return None
        return round(self.pulp.value(self.model.objective))


def cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main(which: str, path: str) -> None:
    stored = np.load(path)
    cents: list[int | None] = []
    built: list[float] = []
    solved: list[float] = []
    # PuLP calls CBC in a process of its own: that one's time alone counts as solving.
    who = resource.RUSAGE_SELF if which == "cpsat" else resource.RUSAGE_CHILDREN
    for n in range(int(stored["count"])):
        prefix = f"{n}/"
        case = Sent({name[len(prefix) :]: stored[name] for name in stored.files if name.startswith(prefix)})
        began = time.process_time()
        solver = CpSat() if which == "cpsat" else Cbc()
        build(case, solver)
        built.append(time.process_time() - began)
        before = cpu_s(who)
        found = solver.solve()
        solved.append(cpu_s(who) - before)
        cents.append(None if found is None else found - int(case.extra_shipment_cents))
    print(json.dumps({"cents": cents, "build_s": built, "solve_s": solved}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
