"""Stages are versions: set, looked back at, taken back in one step, and one thing with the roll-out."""

import datetime as dt
from pathlib import Path

import pytest
from tests.routing.brand import compiled, network

from evenstock.domain import ActionKind, ActorKind, IntendedAction, NodeId, Says
from evenstock.operations.approvals import NotApprovedError
from evenstock.operations.approvals.carrying_out import Place, carry_out, request_approval
from evenstock.operations.approvals.voting import vote
from evenstock.operations.autonomy.evidence import (
    Dearer,
    NotSimulatedError,
    Simulated,
    Tried,
    keep_simulated,
    simulated,
    stages_digest,
)
from evenstock.operations.autonomy.keeping import stage_history, stages_in_force
from evenstock.operations.autonomy.roll_back_stages import roll_back_stages
from evenstock.operations.autonomy.set_stage import ask_for_evidence, end_stage, propose_stage, set_stage, with_line
from evenstock.operations.autonomy.stages import Scope, Stage, StageLine, Stages
from evenstock.operations.ports import ConflictError, StoreError
from evenstock.operations.roll_out import roll_out_in_force, set_roll_out
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ROUTES = frozenset({ActionKind.ROUTE})
WHO = {"by": "Ana", "because": "a careful start"}


@pytest.fixture
def books(tmp_path: Path) -> tuple[MemoryStore, SnapshotFolder]:
    return MemoryStore(), SnapshotFolder(tmp_path)


def in_force(store: MemoryStore, snapshots: SnapshotFolder) -> Stages:
    with store.reading() as books:
        return stages_in_force(books, snapshots)


def test_a_stage_is_kept_with_who_and_why_and_read_back(books) -> None:
    line = StageLine(
        Stage.AUTOMATIC,
        Scope(ROUTES, frozenset({"US"}), frozenset({"web"}), frozenset({NodeId("TX")}), frozenset({"mugs"})),
        2_500,
        Stage.SUPPORT,
        NOW.date(),
        NOW.date() + 14 * DAY,
        "texas",
    )
    kept = set_stage(*books, line, **WHO, now=NOW)
    (found,) = in_force(*books).lines
    assert (found.by, found.because, found.at) == ("Ana", "a careful start", NOW)
    assert (found.stage, found.scope, found.share_bp, found.otherwise) == (
        line.stage, line.scope, line.share_bp, line.otherwise,
    )  # fmt: skip
    assert (found.valid_from, found.valid_to, found.pilot) == (line.valid_from, line.valid_to, "texas")
    assert kept.kept.startswith("sha256:")


def test_roll_out_and_stages_are_one_history_with_one_step_back(books) -> None:
    set_roll_out(*books, live=True, share_bp=1_000, by="Ana", because="begin small", now=NOW)
    set_stage(*books, StageLine(Stage.GUIDED, Scope(frozenset({ActionKind.BUY}))), **WHO, now=NOW + DAY)
    assert in_force(*books).routing.share_bp == 1_000
    set_roll_out(*books, live=True, share_bp=2_000, by="Ana", because="went well", now=NOW + 2 * DAY)
    assert len(in_force(*books).lines) == 1

    roll_back_stages(*books, by="Ben", because="late parcels", now=NOW + 3 * DAY)
    assert (in_force(*books).routing.share_bp, len(in_force(*books).lines)) == (1_000, 1)
    roll_back_stages(*books, by="Ben", because="still", now=NOW + 4 * DAY)
    assert (in_force(*books).routing.share_bp, len(in_force(*books).lines)) == (1_000, 0)
    roll_back_stages(*books, by="Ben", because="to nothing", now=NOW + 5 * DAY)
    assert not in_force(*books).routing.live
    assert [version.because for version in stage_history(*books)] == [
        "begin small", "a careful start", "went well", "rolled back: late parcels", "rolled back: still",
        "rolled back: to nothing",
    ]  # fmt: skip


def test_routing_in_shadow_is_the_stage_support_of_a_route(books) -> None:
    set_roll_out(*books, live=False, **WHO, now=NOW)
    for kind in (ActionKind.ROUTE, ActionKind.SPLIT):
        assert in_force(*books).of(IntendedAction(kind, ActorKind.SCHEDULE)).stage is Stage.SUPPORT
    assert in_force(*books).of(IntendedAction(ActionKind.BUY, ActorKind.SCHEDULE)).stage is Stage.AUTOMATIC


def test_a_line_of_one_scope_and_day_is_replaced_and_can_be_ended(books) -> None:
    set_stage(*books, StageLine(Stage.GUIDED, Scope(ROUTES)), **WHO, now=NOW)
    set_stage(*books, StageLine(Stage.SUPPORT, Scope(ROUTES)), **WHO, now=NOW + DAY)
    assert [line.stage for line in in_force(*books).lines] == [Stage.SUPPORT]
    end_stage(*books, Scope(ROUTES), **WHO, now=NOW + 2 * DAY)
    assert in_force(*books).lines == ()
    with pytest.raises(StoreError, match="no stage was set for route at company; set: none"):
        end_stage(*books, Scope(ROUTES), **WHO, now=NOW + 3 * DAY)


def test_a_name_that_the_network_does_not_have_is_refused(books) -> None:
    policy = compiled(network(3))
    known = str(policy.network.nodes[0].id)
    set_stage(*books, StageLine(Stage.GUIDED, Scope(nodes=frozenset({NodeId(known)}))), **WHO, now=NOW, policy=policy)
    for scope, word in (
        (Scope(nodes=frozenset({NodeId("MARS")})), "node"),
        (Scope(regions=frozenset({"MARS"})), "region"),
        (Scope(categories=frozenset({"MARS"})), "category"),
    ):
        with pytest.raises(ValueError, match=f"MARS is no {word} of this network"):
            set_stage(*books, StageLine(Stage.GUIDED, scope), **WHO, now=NOW + DAY, policy=policy)
    with pytest.raises(ValueError, match="who decided it and why"):
        set_stage(*books, StageLine(Stage.GUIDED), by=" ", because="", now=NOW)


def tried(of: str, against: str) -> Simulated:
    side = Tried(40, 0, 3, 2, 0, 40_000)
    return Simulated(
        of, against, "stages", NOW.date() - 30 * DAY, NOW.date(), 12, 40, 1, side, side, -1.5, float("nan"),
        (Dearer("A-1", 120, "TX by ups", "NJ by ups"),), ("one note",), NOW, "Ana",
    )  # fmt: skip


def test_a_simulation_reads_back_and_says_when_it_covers_fewer_days(books) -> None:
    store, snapshots = books
    kept = keep_simulated(store, snapshots, tried("sha256:a", "sha256:b"))
    with store.reading() as read:
        found = simulated(read, snapshots, "sha256:a")
        assert simulated(read, snapshots, "sha256:z") is None
    assert found is not None
    assert found.kept == kept.kept
    assert (found.worst, found.now, found.notes, found.low_cents) == (kept.worst, kept.now, kept.notes, -1.5)
    assert "only 12 days of 30" in found.sentence


def test_a_wider_stage_needs_its_own_simulation_where_the_company_asks_for_one(books) -> None:
    store, snapshots = books
    narrow, wide = StageLine(Stage.GUIDED, Scope(ROUTES)), StageLine(Stage.AUTOMATIC, Scope(ROUTES))
    set_stage(*books, narrow, **WHO, now=NOW)
    ask_for_evidence(*books, asks=True, by="Ana", because="no surprises", now=NOW + DAY)
    with pytest.raises(NotSimulatedError, match="no simulation of sha256"):
        set_stage(*books, wide, **WHO, now=NOW + 2 * DAY)
    current = in_force(*books)
    digest = stages_digest(with_line(current, wide))
    keep_simulated(store, snapshots, tried(digest, "sha256:something else"))
    with pytest.raises(NotSimulatedError, match="was tried against sha256:something"):
        set_stage(*books, wide, **WHO, now=NOW + 2 * DAY)
    kept = keep_simulated(store, snapshots, tried(digest, stages_digest(current)))
    version = set_stage(*books, wide, **WHO, now=NOW + 3 * DAY)
    assert (version.evidence, version.forced) == (kept.kept, False)

    # Narrower at once, and wider by force, which stays on record.
    set_stage(*books, narrow, **WHO, now=NOW + 4 * DAY)
    forced = set_stage(*books, StageLine(Stage.AUTOMATIC, Scope(ROUTES), 100), **WHO, now=NOW + 5 * DAY, force=True)
    assert forced.forced
    assert stage_history(*books)[-1].forced
    with store.reading() as read:
        assert roll_out_in_force(read, snapshots).live


def test_a_proposed_stage_comes_into_force_when_people_agree_and_once(books) -> None:
    store, _ = books
    kept = propose_stage(*books, StageLine(Stage.GUIDED, Scope(ROUTES)), **WHO, now=NOW)
    assert in_force(*books).lines == ()
    place = Place(*books)
    request = request_approval(place, f"stages:{kept}", because="a careful start", now=NOW)
    with pytest.raises(NotApprovedError):
        carry_out(place, request.id, "person:ben", NOW)
    vote(store, request.id, "person:ben", Says.APPROVE, "seen", request.digest, NOW)
    carry_out(place, request.id, "person:ben", NOW)
    assert [line.stage for line in in_force(*books).lines] == [Stage.GUIDED]
    assert "before" in carry_out(place, request.id, "person:ben", NOW)


def test_a_proposed_stage_is_overtaken_by_one_that_came_into_force(books) -> None:
    store, _ = books
    kept = propose_stage(*books, StageLine(Stage.GUIDED, Scope(ROUTES)), **WHO, now=NOW)
    set_stage(*books, StageLine(Stage.SUPPORT), **WHO, now=NOW)
    place = Place(*books)
    request = request_approval(place, f"stages:{kept}", because="a careful start", now=NOW)
    vote(store, request.id, "person:ben", Says.APPROVE, "seen", request.digest, NOW)
    with pytest.raises(ConflictError):
        carry_out(place, request.id, "person:ben", NOW)
    assert [line.stage for line in in_force(*books).lines] == [Stage.SUPPORT]
