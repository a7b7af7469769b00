"""Versions of the rules: proposed, put in force, refused, taken back."""

from datetime import timedelta

import polars as pl
import pytest
from tests.operations import stocked

from evenstock import policy
from evenstock.domain import Allow, Policy, Refuse, Rule, Says
from evenstock.operations.approvals import NotApprovedError
from evenstock.operations.approvals.carrying_out import Place, carry_out, request_approval
from evenstock.operations.approvals.voting import vote
from evenstock.operations.autonomy.evidence import Simulated, Tried, keep_simulated
from evenstock.operations.import_network import import_network
from evenstock.operations.network import Network, orders_from_frame
from evenstock.operations.ports import ConflictError, StoreError
from evenstock.operations.rulebook import (
    Deed,
    activate_rules,
    check_rules,
    history,
    network_frames,
    policy_in_force,
    proposals,
    propose_rules,
    roll_back_rules,
    rules_in_force,
    sample_of,
    version_of,
)
from evenstock.policy import text
from evenstock.policy.lint import Fault
from evenstock.simulation.world import make_world
from evenstock.storage.snapshots import SnapshotFolder

NOW = stocked.NOW
HOUSE = "# our house\nrule open: active\nrule texas: forbid nodes TX when tag is gift # for now\n"
TIGHT = HOUSE + "rule two: max_shipments 2 soft\n"
TORN = "rule only: require nodes TX\nrule never: forbid nodes TX when class is vip\n"


@pytest.fixture
def company(tmp_path):
    store, snapshots, _ = stocked.opened(tmp_path, stocked.stock([("MUG", "TX", 5)]))
    return store, snapshots


def propose(company, said, **rest):
    return propose_rules(*company, said, **({"by": "ann", "because": "autumn", "now": NOW} | rest))


def activate(company, version, **rest):
    return activate_rules(*company, version, **({"by": "ben", "now": NOW} | rest))


def in_force(company):
    store, snapshots = company
    frames = network_frames(store, snapshots)
    with store.reading() as books:
        return policy_in_force(books, snapshots, frames)


def kinds_of_events(store):
    with store.transaction() as books:
        return [(event.kind, event.body.get("version")) for event in books.outbox(100) if event.aggregate == "rules"]


def test_what_is_activated_takes_the_place_of_what_was_imported(company):
    store, _ = company
    assert in_force(company) == policy.default_policy()
    version = propose(company, HOUSE)
    # Proposing changes nothing.
    assert in_force(company) == policy.default_policy()
    done = activate(company, version.id)
    assert done.checked.verdict == Allow()
    assert in_force(company) == text.parse(HOUSE) == version.policy
    assert kinds_of_events(store) == [("RulesProposed", version.id), ("RulesActivated", version.id)]


def test_a_version_keeps_its_words_with_their_comments(company):
    version = propose(company, HOUSE)
    store, snapshots = company
    assert version_of(store, snapshots, version.id[:6]) == version
    assert version.text == HOUSE
    activate(company, version.id)
    with store.reading() as books:
        assert rules_in_force(books, snapshots) == version


def test_the_same_words_are_the_same_version(company):
    first = propose(company, HOUSE)
    again = propose(company, HOUSE, by="carl", now=NOW + timedelta(days=1))
    assert again == first
    assert [version.id for version in proposals(*company)] == [first.id]
    other = propose(company, TIGHT)
    assert [version.id for version in proposals(*company)] == [first.id, other.id]


def test_rules_given_as_objects_are_kept_as_text_too(company):
    rules = Policy(
        "house",
        (Rule("open", "active", owner="ops"), Rule("w", "prefer", (("nodes", "TX"), ("cents", "5")), hard=False)),
    )
    version = propose(company, rules)
    assert version.policy == rules == text.parse(version.text)


def test_a_roll_back_returns_in_one_step_and_in_the_end_to_the_import(company):
    a, b = propose(company, HOUSE), propose(company, TIGHT)
    activate(company, a.id)
    activate(company, b.id, now=NOW + timedelta(hours=1))
    back = roll_back_rules(*company, by="ann", because="too tight", now=NOW + timedelta(hours=2))
    assert (back.deed, back.version) == (Deed.ROLLED_BACK, a.id)
    assert in_force(company) == a.policy
    roll_back_rules(*company, by="ann", because="all of it", now=NOW + timedelta(hours=3))
    assert in_force(company) == policy.default_policy()
    with pytest.raises(StoreError, match="no version is in force to roll back"):
        roll_back_rules(*company, by="ann", because="more", now=NOW + timedelta(hours=4))
    assert [(deed.deed.value, deed.version) for deed in history(*company)] == [
        ("activated", a.id),
        ("activated", b.id),
        ("rolled_back", a.id),
        ("rolled_back", ""),
    ]


def test_after_a_roll_back_another_version_goes_on_from_there(company):
    a, b = propose(company, HOUSE), propose(company, TIGHT)
    activate(company, a.id)
    roll_back_rules(*company, by="ann", because="no", now=NOW + timedelta(hours=1))
    activate(company, b.id, now=NOW + timedelta(hours=2))
    back = roll_back_rules(*company, by="ann", because="no", now=NOW + timedelta(hours=3))
    assert back.version == ""


def test_what_is_in_force_already_is_left_as_it_is(company):
    store, _ = company
    version = propose(company, HOUSE)
    first = activate(company, version.id)
    again = activate(company, version.id, now=NOW + timedelta(days=1))
    assert again.activation == first.activation
    assert len(history(*company)) == 1
    assert len(kinds_of_events(store)) == 2


def test_rules_that_name_what_is_not_there_are_refused_even_by_force(company):
    version = propose(company, "rule far: forbid nodes TXX when class is vip")
    for force in (False, True):
        done = activate(company, version.id, force=force, because="I say so")
        assert done.activation is None
        assert "nodes names TXX, which does not exist; did you mean TX?" in done.checked.verdict.because
    assert in_force(company) == policy.default_policy()


def test_law_that_contradicts_itself_needs_a_reason(company):
    version = propose(company, TORN)
    done = activate(company, version.id)
    assert done.activation is None
    assert isinstance(done.checked.verdict, Refuse)
    assert "law contradicts itself: only and never leave no node for some order" in done.checked.verdict.because
    with pytest.raises(ValueError, match="say why"):
        activate(company, version.id, force=True)
    forced = activate(company, version.id, force=True, because="vip orders go by hand this week")
    assert forced.activation.forced
    assert in_force(company) == version.policy


def test_nobody_changes_rules_without_name_and_reason(company):
    with pytest.raises(ValueError, match="say who and why"):
        propose(company, HOUSE, because=" ")
    version = propose(company, HOUSE)
    with pytest.raises(ValueError, match="say who and why"):
        activate(company, version.id, by="")
    with pytest.raises(text.PolicyTextError, match="line 1, column 9"):
        propose(company, "rule a: nope")


def test_a_version_nobody_proposed_is_not_found(company):
    with pytest.raises(StoreError, match=r"no versions of the rules are named 'abc'; there is none was proposed|none"):
        activate(company, "abc")


def test_a_roll_back_to_rules_that_no_longer_fit_is_refused(company):
    store, snapshots = company
    a, b = propose(company, "rule nj: forbid nodes NJ when class is vip"), propose(company, HOUSE)
    activate(company, a.id)
    activate(company, b.id)
    # Nobody may name New Jersey any more: its node is gone from the tables.
    only_texas = {"nodes": stocked.NODES.filter(pl.col("node") == "TX"), "items": stocked.ITEMS}
    import_network(store, snapshots, only_texas, NOW)
    with pytest.raises(StoreError, match="cannot be used any more"):
        roll_back_rules(store, snapshots, by="ann", because="back", now=NOW)
    assert in_force(company) == b.policy


def test_past_orders_show_what_a_rule_would_bar():
    made = make_world(seed=3, nodes=3, skus=80, days=14, orders_per_day=40)
    network = Network.from_frames(made.frames).shipping("sha256:test")
    orders = orders_from_frame(made.frames["orders"])
    sample = sample_of(orders, network, NOW)
    assert len(sample) >= min(len(orders), 20)
    assert all(past.facts.on == NOW.date() for past in sample)
    nodes = ", ".join(f'"{name}"' for name in made.frames["nodes"]["node"])
    shut = text.parse(f"rule shut: forbid nodes {nodes} when value at least 0.01")
    checked = check_rules(shut, made.frames, NOW.date(), sample)
    gap = next(f for f in checked.findings if f.fault is Fault.GAP)
    assert gap.orders == sum(past.order.value_cents > 0 and bool(past.candidates) for past in sample)
    assert (
        check_rules(text.canonical(policy.from_frame(made.frames["rules"])), made.frames, NOW.date(), sample).verdict
        == Allow()
    )


def test_two_who_activate_at_once_do_not_overwrite_each_other(tmp_path):
    store, snapshots, _ = stocked.opened(tmp_path, stocked.stock([("MUG", "TX", 5)]))
    company = store, snapshots
    a, b = propose(company, HOUSE), propose(company, TIGHT)

    class Interrupted(SnapshotFolder):
        """Somebody else activates while ours is being written."""

        busy = False

        def take(self, frames):
            if "activation" in frames and not self.busy:
                self.busy = True
                activate((store, self), b.id, by="eve")
            return super().take(frames)

    with pytest.raises(ConflictError):
        activate((store, Interrupted(tmp_path)), a.id)
    assert in_force(company) == b.policy
    assert [deed.by for deed in history(*company)] == ["eve"]


def test_rules_of_which_an_approval_was_asked_wait_for_it_and_show_what_they_would_have_done(company):
    store, snapshots = company
    version = propose(company, TIGHT)
    tried = Tried(10, 0, 2, 1, 0, 9_000)
    kept = keep_simulated(
        store,
        snapshots,
        Simulated(
            version.policy.digest(), "sha256:now", "rules", NOW.date(), NOW.date(), 1, 10, 0, tried, tried, -1.0, 2.0,
            (), (), NOW, "ann",
        ),
    )  # fmt: skip
    place = Place(store, snapshots)
    request = request_approval(place, f"rules:{version.id}", because="a new season", now=NOW, people=2)
    assert (request.proposer, request.people) == ("person:ann", 2)
    assert ("simulation", kept.kept) in request.evidence
    with pytest.raises(NotApprovedError, match="waits for its approval: 0 of 2"):
        activate(company, version.id)
    assert in_force(company) == policy.default_policy()

    for name in ("person:ben", "person:cleo"):
        vote(store, request.id, name, Says.APPROVE, "seen", request.digest, NOW)
    assert carry_out(place, request.id, "person:ben", NOW) == f"rules {version.id} are in force"
    assert in_force(company) == version.policy
    assert history(*company)[-1].evidence == kept.kept
