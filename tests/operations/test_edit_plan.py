"""A plan edited by hand is priced as the optimiser's would be, and says what it breaks."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from evenstock.domain import PlanState, Units
from evenstock.operations.company import Company
from evenstock.operations.edit_plan import Edit, edit_plan
from evenstock.operations.forecast_demand import forecast_demand
from evenstock.operations.import_network import import_network
from evenstock.operations.plan_transfers import Planned, plan_transfers
from evenstock.operations.ports import ConflictError, StoreError
from evenstock.operations.tonight.happened import happenings
from evenstock.operations.transfers import approve_plan
from evenstock.simulation.world import World, make_world
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=2, nodes=3, skus=40, days=100, orders_per_day=60)


def evening(world: World, tmp_path, **frames) -> tuple[MemoryStore, SnapshotFolder, Planned]:
    store, snapshots = MemoryStore(), SnapshotFolder(tmp_path / "snapshots")
    import_network(store, snapshots, world.frames | frames, world.opens_at)
    company, now = Company.load(store, snapshots), world.opens_at
    said = forecast_demand(store, snapshots, company, as_of=now.date(), now=now)
    planned = plan_transfers(
        store, company.network, said.forecast, inputs={"forecast snapshot": said.digest}, now=now, seed=1,
        happened=happenings(store, company), snapshots=snapshots,
    )  # fmt: skip
    return store, snapshots, planned


def edit_of(line, units: int) -> Edit:
    return Edit(line.sku, line.origin, line.destination, Units(units), line.mode)


def test_lines_left_as_they_are_keep_their_price(world: World, tmp_path) -> None:
    store, snapshots, planned = evening(world, tmp_path)
    line = planned.plan.lines[0]

    edited = edit_plan(store, snapshots, planned.plan.id, [edit_of(line, line.units)], by="dana", now=world.opens_at)

    assert len(planned.plan.lines) >= 3
    assert edited.lines == planned.plan.lines, "the same units on the same futures cost and bring the same"
    assert (edited.edited_from, edited.edited_by) == (planned.plan.id, "dana")
    with store.reading() as books:
        before, after = books.plan(planned.plan.id), books.plan(edited.id)
    assert before is not None
    assert before.state is PlanState.SUPERSEDED
    assert after == edited


def test_an_edit_is_priced_at_once_and_snaps_to_whole_cases(world: World, tmp_path) -> None:
    store, snapshots, planned = evening(world, tmp_path)
    line = next(line for line in planned.plan.lines if line.cases > 1 and line.units // line.cases > 2)
    case = line.units // line.cases

    edited = edit_plan(store, snapshots, planned.plan.id, [edit_of(line, case + 1)], by="dana", now=world.opens_at)

    (changed,) = [e for e in edited.lines if (e.sku, e.destination) == (line.sku, line.destination)]
    assert changed.units == case
    assert edited.notes[0].endswith(f"{case + 1} units snapped to {case}, in cases of {case}")
    assert edited.net_cents == sum(e.net_cents for e in edited.lines)
    assert changed.worth_cents < line.worth_cents, "fewer cases of a line worth moving bring less"


def test_a_line_taken_out_is_gone_and_its_truck_costs_the_others(world: World, tmp_path) -> None:
    store, snapshots, planned = evening(world, tmp_path)
    line = planned.plan.lines[0]

    edited = edit_plan(store, snapshots, planned.plan.id, [edit_of(line, 0)], by="dana", now=world.opens_at)

    assert len(edited.lines) == len(planned.plan.lines) - 1
    assert line.sku not in {e.sku for e in edited.lines if e.destination == line.destination}


def test_a_dock_that_is_too_small_is_named_and_the_plan_cannot_be_approved(world: World, tmp_path) -> None:
    """The dock lets out one case less than the edit asks."""
    _, _, free = evening(world, tmp_path)
    line = max(free.plan.lines, key=lambda line: line.units)
    case, leaving = line.units // line.cases, sum(e.units for e in free.plan.lines if e.origin == line.origin)
    nodes = world.frames["nodes"].with_columns(transfer_units_out=pl.lit(leaving, pl.Int64))
    store, snapshots, planned = evening(world, tmp_path / "docks", nodes=nodes)
    lines = [edit_of(e, e.units) for e in free.plan.lines if e.sku != line.sku]
    gone = [edit_of(e, 0) for e in planned.plan.lines if e.sku not in {e.sku for e in free.plan.lines}]

    edits = [*lines, *gone, edit_of(line, line.units + case)]
    edited = edit_plan(store, snapshots, planned.plan.id, edits, by="dana", now=world.opens_at)

    assert sum(e.units for e in edited.lines if e.origin == line.origin) == leaving + case
    assert len(edited.violations) == 1
    assert line.origin in edited.violations[0]
    with pytest.raises(ConflictError, match="breaks what it must keep"):
        approve_plan(store, edited.id, world.as_of, "dana", world.opens_at)


def test_what_is_not_there_or_forbidden_is_refused_by_name(world: World, tmp_path) -> None:
    store, snapshots, planned = evening(world, tmp_path)
    line = planned.plan.lines[0]

    with pytest.raises(ValueError, match=f"{line.sku} at {line.origin}: .* units leave, but only"):
        edit_plan(store, snapshots, planned.plan.id, [edit_of(line, 10**6)], by="dana", now=world.opens_at)
    nowhere = replace(edit_of(line, 12), destination=line.origin)
    with pytest.raises(StoreError, match="there is no lane from"):
        edit_plan(store, snapshots, planned.plan.id, [nowhere], by="dana", now=world.opens_at)


def test_a_frozen_lane_is_refused_with_its_rule(world: World, tmp_path) -> None:
    _, _, free = evening(world, tmp_path)
    line = free.plan.lines[0]
    rules = pl.concat(
        [
            world.frames["rules"].select("rule", "kind", "parameters"),
            pl.DataFrame(
                {
                    "rule": ["winter-road"],
                    "kind": ["freeze_lane"],
                    "parameters": [f"origins={line.origin};destinations={line.destination}"],
                }
            ),
        ]
    )
    store, snapshots, planned = evening(world, tmp_path / "frozen", rules=rules)
    assert all((e.origin, e.destination) != (line.origin, line.destination) for e in planned.plan.lines)

    with pytest.raises(ValueError, match="rule winter-road forbids it"):
        edit_plan(store, snapshots, planned.plan.id, [edit_of(line, line.units)], by="dana", now=world.opens_at)


def test_only_a_proposal_can_be_edited(world: World, tmp_path) -> None:
    store, snapshots, planned = evening(world, tmp_path)
    approve_plan(store, planned.plan.id, world.as_of, "dana", world.opens_at + timedelta(hours=1))
    with pytest.raises(ConflictError, match="is approved; only a proposed one can be edited"):
        edit_plan(store, snapshots, planned.plan.id, [edit_of(planned.plan.lines[0], 0)], by="dana", now=world.opens_at)
