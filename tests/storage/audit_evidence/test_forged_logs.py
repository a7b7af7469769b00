"""Whatever is executed unlawfully, the evaluator finds it in the log alone: each forgery with the sentence that names it."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.storage.audit_evidence.logs import AGENT, ANA, BEN, CLEO, CLERK, OTHER, POLICY, Log, agreed

from evenstock.storage.audit_evidence import evaluate


def later(log, **span):
    log.at += timedelta(**span)
    return log


def test_what_was_automatic_and_what_two_people_approved_is_lawful():
    report = agreed().act().automatic().report()
    assert report["violations"] == []
    assert report["checked"]["executed actions"] == 2
    assert report["checked"]["that are automatic"] == 1
    assert report["checked"]["approved by votes"] == 1


FORGED = {
    "without approval": (Log().act(closes=None), "without approval"),
    "called automatic": (Log().automatic(cents=50_001), "says automatic, and its policy says propose"),
    "called automatic at a confidence nobody knows": (
        Log().automatic(confidence_millionths=None), "says automatic, and its policy says propose"),
    "refused": (agreed().act(units=1_000, says="refuse", rule="never"), "its policy says refuse by never"),
    "refused, called proposed": (agreed().act(units=1_000), "the row says propose, and its policy says refuse"),
    "prohibited": (
        agreed().act(destination_country="CU", says="prohibit", rule="embargo"), "its policy says prohibit by embargo"),
    "under another rule's name": (agreed().act(rule="small"), "its policy says so by dear"),
    "no such approval": (Log().act(closes=None, approval="R"), "R is not in the log"),
    "one vote of two": (Log().ask().vote(BEN).act(), "has 1 of 2 votes"),
    "asked of one where the rule asks for two": (Log().ask(people=1).vote(BEN).act(), "has 1 of 2 votes"),
    "his own": (Log().ask().vote(BEN).vote(ANA).act(), "person:ana had proposed it"),
    "his own, in another's name": (Log().ask().vote(BEN).vote(ANA, by="person:cleo").act(), "person:cleo had proposed it"),
    "his own, delegated": (Log().ask().vote(BEN).vote(CLEO, **{"for": "person:ana"}).act(), "had proposed it"),
    "one person twice": (Log().ask().vote(BEN).vote(BEN, **{"for": "person:dora"}).act(), "has 1 of 2 votes"),
    "two for one": (Log().ask().vote(BEN).vote(CLEO, **{"for": "person:ben"}).act(), "has 1 of 2 votes"),
    "in the name of another": (Log().ask().vote(BEN).vote(BEN, by="person:cleo").act(), "person:ben did"),
    "by an agent": (Log().ask().vote(BEN).vote(AGENT, by="person:cleo").act(), "key:ek_1 did"),
    "of another content": (Log().ask().vote(BEN).vote(CLEO, digest="sha256:2").act(), "cleo approved another content"),
    "executed with another content": (agreed().act(digest="sha256:2"), "opened for another content than was executed"),
    "refused by a voter": (Log().ask().vote(BEN).vote(CLEO, says="refuse").act(), "person:cleo said refuse"),
    "after it expired": (later(agreed(), days=4).act(), "expired at 2026-11-23"),
    "voted after it expired": (later(Log().ask().vote(BEN), days=4).vote(CLEO).act(), "came after it had expired"),
    "about another plan": (agreed().act(about="P2"), "is about plan:P"),
    "at other nodes": (Log().ask(nodes=["NJ"]).vote(BEN).vote(CLEO).act(), "is about other nodes"),
    "asked of another role": (Log().ask(role="planner").vote(BEN).vote(CLEO).act(), "was asked of planner, and finance decides"),
    "twice": (agreed().act().act(), "executed before, in another transaction"),
    "voted without a request": (Log().vote(BEN), "which nobody opened"),
    "under a policy that was never in force": (
        Log().automatic(policy=OTHER.digest(), cents=500_000), "was never in force"),
    "under a policy that was not in force any more": (
        later(Log(policy=OTHER).enact(POLICY), minutes=6).automatic(policy=OTHER.digest(), cents=500_000),
        "was not in force then"),
    "an order of which nothing is said": (
        Log().row("A-1", CLERK, {"did": "decide", "outcome": "executed", "policy": POLICY.digest(), "ships": [["TX", "x"]]}),
        "no row says what they said of it"),
    "nonsense": (Log().automatic(cents="all"), "it cannot be judged"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_was_done_unlawfully_is_found(name):
    log, sentence = FORGED[name]
    found = log.report()
    assert any(sentence in one["sentence"] for one in found["violations"]), found["violations"]
    assert all(one["row"] for one in found["violations"])


def test_a_voided_request_approves_nothing():
    log = agreed().row("R", ANA, {"did": "close_request", "request": "R", "to": "voided", "digest": "sha256:1"})
    log.act(closes=None, approval="R")
    assert "its approval R was voided" in log.wrong()


def test_votes_of_one_transaction_with_the_deed_count():
    """The last who must agree may be the one who carries it out."""
    log = Log().ask().vote(BEN)
    vote = {"did": "vote", "request": "R", "by": "person:cleo", "says": "approve", "digest": "sha256:1"}
    log.row("R", CLEO, vote, {"did": "close_request", "request": "R", "to": "executed", "digest": "sha256:1"})
    said = {**agreed().act().rows[-1][2]["deeds"][0]}
    assert log.row("P", CLEO, said, same=True).wrong() == []


def test_shortly_after_a_change_of_policy_what_was_judged_before_may_still_be_written():
    assert (
        later(Log(policy=OTHER).enact(POLICY), minutes=2).automatic(policy=OTHER.digest(), cents=500_000).wrong() == []
    )


def case(log, state, who, about="A-1"):
    did = "put_case" if state == "open" else "change_case"
    return log.row(
        about, who, {"did": did, "case": "C", "kind": "review", "state": state, "step": 0, "at_deadline": "wait"}
    )


def shipped(log, about="A-1"):
    return log.act(about, closes=None, approval="C", kind="route", cents=20_000, rule="routing")


def test_an_order_outside_its_envelope_ships_when_a_person_answered_its_case():
    assert shipped(case(case(Log(), "open", CLERK), "closed", BEN)).wrong() == []
    assert "still open" in shipped(case(Log(), "open", CLERK)).wrong()[0]
    assert (
        "closed by schedule, which is no person"
        in shipped(case(case(Log(), "open", CLERK), "closed", CLERK)).wrong()[0]
    )
    assert "is about A-2" in shipped(case(Log(), "closed", BEN, "A-2")).wrong()[0]


def test_guided_stage_asks_a_person_even_inside_the_envelope():
    assert "without approval" in Log().automatic(stage="guided").wrong()[0]


def test_what_the_log_cannot_show_is_counted_and_is_no_violation():
    log = Log()
    log.rows.clear()
    report = log.automatic().report()
    assert report["lawful"]
    assert report["unchecked"] == {"executed before the log says which policy was in force": 1}


def test_rows_of_several_streams_are_read_by_their_time():
    log = agreed()
    log.act()
    log.rows = [(k % 3 if k < len(log.rows) - 2 else 0, at, said) for k, (_, at, said) in enumerate(log.rows)]
    assert log.wrong() == []


def test_it_goes_on_where_it_stopped():
    """What is kept between two runs is plain data, and says of the new part what a run over everything says."""
    log = agreed().act(units=2_000)
    lines = [line for _, line in sorted((at, json.dumps(said)) for _, at, said in log.rows)]
    whole, first = evaluate.Evaluator(), evaluate.Evaluator()
    rows = [
        f"0 {n} {at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')} ".encode() + line.encode()
        for n, ((_, at, _), line) in enumerate(zip(log.rows, lines, strict=True), 1)
    ]
    whole.go_through(rows)
    first.go_through(rows[:3])
    second = evaluate.Evaluator(json.loads(json.dumps(first.state)))
    second.go_through(rows[3:])
    assert whole.violations
    assert first.violations + second.violations == whole.violations


def test_alone_as_a_file_it_ends_with_0_1_or_2(tmp_path):
    program = tmp_path / "evaluate.py"
    program.write_bytes(Path(evaluate.__file__).read_bytes())
    good, bad, none = tmp_path / "good.zip", tmp_path / "bad.zip", tmp_path / "none.zip"
    good.write_bytes(agreed().act().pack().read())
    bad.write_bytes(Log().act(closes=None).pack().read())
    none.write_bytes(b"nothing")

    def run(pack, *more):
        return subprocess.run(
            [sys.executable, "-I", str(program), str(pack), *more], check=False, capture_output=True, text=True
        )

    assert run(good).returncode == 0
    assert "every executed action was lawful" in run(good).stdout
    assert run(bad).returncode == 1
    assert "VIOLATION: row 0/2, P: it was executed without approval" in run(bad).stdout
    assert json.loads(run(bad, "--json").stdout)["violations"][0]["row"] == "0/2"
    assert run(none).returncode == 2
