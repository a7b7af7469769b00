"""Nobody answered: the plan that was set aside executes, unless it lies outside the envelopes by now: then it waits on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from evenstock.domain import Case, DecisionId, Refuse
from evenstock.operations.autonomy.asking_of_orders import ask_again
from evenstock.operations.decisions import decision_from
from evenstock.operations.due import wait
from evenstock.operations.open_cases import EXECUTE
from evenstock.operations.queue import execute
from evenstock.operations.run_due import Workplace

NAME: Final = EXECUTE
NOTHING: Final = Refuse("")


def act(at: Workplace, case: Case, now: datetime) -> Case:
    with at.store.transaction() as books:
        found = books.case(case.id)
        if found is None or found.step != case.step:
            return found or case
        decided = books.decision(DecisionId(case.fact("decision")))
        if decided is None:
            return execute(books, case, "deadline", now).case
        record = decision_from(decided)
        ruled = ask_again(books, at.policy, at.network.known, record, now)
        if ruled.automatic:
            done = execute(books, case, "deadline", now)
            if done.record is not None:
                ruled.say(books, record.order, case.id)
            return done.case
    waits = wait.act(at, case, now)
    because = (ruled.asks or ruled.refused or NOTHING).because
    return waits if because in waits.because else replace(waits, because=f"{waits.because}; {because}")
