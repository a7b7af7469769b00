"""Judges again, from an exported audit log alone, everything that was executed: `python evaluate.py PACK`.

It needs Python's standard library and shares no code with the program that wrote the log: its rules were written a second time,
from the words of the documentation. What it checks of each executed action:

- that the policy it names was in force then, as the log itself says when each policy came into force;
- that this policy, read again here, says what the action's row says, and by the same rule;
- that nothing was executed which the policy refuses, or the law of the trade prohibits;
- that whatever was not automatic was approved: by as many different people as were asked for, none of whom had proposed it, all of
  them of the same content, before it expired, under that policy, and not used before; or by a person who answered its case.

It says what it could not check. Whether the log itself is whole, `verify.py` says: run that first. It ends with 0 where every
action was lawful, with 1 where one was not, with 2 where the pack cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import IO, Any

Deed = dict[str, Any]
GRACE_S = 300
"""Seconds after a change of policy within which an action that was judged just before may still be written."""
LATER = re.compile(
    rb'"did"\s*:\s*"(?:act|enact|open_request|vote|close_request|put_case|change_case|answer|decide|record)"'
)
"""Rows in which one of these is done are read, all others only counted."""
STRICT = {"automatic": 0, "ungoverned": 1, "propose": 2, "refuse": 3, "prohibit": 4}
ANYBODY = "approver"
"""The role that decides where no rule names one."""
PROGRAMS = ("agent", "integration", "schedule", "nobody")
"""Kinds of actors that can answer for nothing."""
UNNAMED = ("user", "system")
"""The command line, and programs that open the books themselves: the log does not say which person was behind it."""


# --- the policy, read again -------------------------------------------------------------------------------------------
class Line:
    """One rule about who may act alone."""

    FREES = (("max_value_cents", "cents"), ("max_units", "units"), ("min_confidence", "confidence_millionths"), ("younger_than", "data_age_s"))  # fmt: skip
    HOLDS = (("above_value_cents", "cents"), ("above_units", "units"), ("below_confidence", "confidence_millionths"), ("older_than", "data_age_s"))  # fmt: skip

    def __init__(self, rule: Deed) -> None:
        given = {str(name): str(value) for name, value in rule["parameters"]}
        self.id, self.kind, self.hard = str(rule["id"]), str(rule["kind"]), bool(rule["hard"])
        self.first, self.last = str(rule["valid_from"]), str(rule["valid_to"])
        self.role, self.people = given.get("role", ""), int(given.get("people", "1"))
        self.actions = names(given.get("actions", ""))
        self.at = {
            "region": names(given.get("regions", "")),
            "channel": names(given.get("channels", "")),
            "node": names(given.get("at_nodes", "")),
            "category": names(given.get("categories", "")),
        }
        self.actors, self.roles = names(given.get("actors", "")), names(given.get("roles", ""))
        self.goods: list[tuple[str, set[Any]]] = []
        for name, of in (("origin_countries", "origin_country"), ("destination_countries", "destination_country")):
            if name in given:
                self.goods.append((of, set(names(given[name]))))
        if "bonded" in given:
            self.goods.append(("bonded", {given["bonded"] == "yes"}))
        bounds = self.FREES if self.kind == "automatic" else self.HOLDS
        self.bounds = [(name, of, scaled(of, given[name])) for name, of in bounds if name in given]
        # The more specific the place, the greater: a category stands below a node, a node below a channel, that below a region.
        self.scope = tuple(bool(self.at[name]) for name in ("category", "node", "channel", "region"))

    def in_force(self, day: str) -> bool:
        return self.first <= day <= self.last

    @property
    def always(self) -> bool:
        return self.first <= "0001-01-01" and self.last >= "9999-12-31"

    def placed(self, place: dict[str, Any]) -> bool:
        """Whether the place may be this rule's; one that is unknown may."""
        return all(place[name] is None or place[name] & wanted for name, wanted in self.at.items() if wanted)

    def about_actor(self, act: Deed) -> bool:
        of_actor = not self.actors or act["actor"] in self.actors
        return of_actor and (not self.roles or bool(self.roles & set(act.get("roles", ()))))

    def holds(self, act: Deed) -> bool:
        """Whether a rule that holds back speaks of these goods and amounts: what is unknown counts as what it names."""
        if any(act.get(of) is not None and act[of] not in wanted for of, wanted in self.goods):
            return False
        for name, of, limit in self.bounds:
            value = act.get(of)
            if value is not None and not (value < limit if name.startswith("below") else value > limit):
                return False
        return True

    def frees(self, act: Deed, place: dict[str, Any]) -> bool:
        """Whether an envelope holds this action: everything it asks for is known, and inside."""
        if any(place[name] is None for name, wanted in self.at.items() if wanted):
            return False
        if any(act.get(of) not in wanted for of, wanted in self.goods):
            return False
        for name, of, limit in self.bounds:
            value = act.get(of)
            if value is None:
                return False
            if name.startswith("max") and value > limit:
                return False
            if name.startswith("min") and value < limit:
                return False
            if name.startswith("younger") and value >= limit:
                return False
        return True


def names(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def scaled(of: str, text: str) -> int | Fraction:
    """A bound in the unit in which actions state it: confidence in millionths, all else as it is."""
    exact = Fraction(text) * (1_000_000 if of == "confidence_millionths" else 1)
    return exact.numerator if exact.denominator == 1 else exact


class Judgement:
    """What a policy says of one action."""

    def __init__(self, says: str, rules: Iterable[str] = (), roles: Iterable[str] = (), people: int = 1) -> None:
        self.says, self.rules, self.roles, self.people = says, frozenset(rules), frozenset(roles), people


class Policy:
    """The rules of a policy that speak of who may act alone, and where its nodes lie."""

    KINDS = ("automatic", "propose", "refuse", "prohibit")

    def __init__(self, enact: Deed) -> None:
        self.lines = [Line(rule) for rule in enact["rules"] if rule["kind"] in self.KINDS]
        self.countries: dict[str, str] = dict(enact["countries"])
        self.regions: dict[str, set[str]] = {}
        for rule in enact["rules"]:
            if rule["kind"] == "region":
                given = dict(rule["parameters"])
                for country in names(given["members"]):
                    self.regions.setdefault(country, set()).add(given["name"])

    def governs(self, kind: str, day: str) -> bool:
        """Whether an envelope frees such actions anywhere on a day; on no day in particular, whether one always does."""
        freeing = [line for line in self.lines if line.kind == "automatic" and kind in line.actions]
        return any(line.in_force(day) if day else line.always for line in freeing)

    def places(self, act: Deed) -> Iterator[dict[str, Any]]:
        """Every node with every category; what nobody named is unknown."""
        for node in act.get("nodes") or [None]:
            country = self.countries.get(node) if node is not None else None
            for category in act.get("categories") or [None]:
                yield {
                    "region": None if country is None else {country} | self.regions.get(country, set()),
                    "channel": None if act.get("channel") is None else {act["channel"]},
                    "node": None if node is None else {node},
                    "category": None if category is None else {category},
                }

    def judge(self, act: Deed) -> Judgement:
        """The strictest over all places."""
        kind, day = act["kind"], act["on"]
        lines = [line for line in self.lines if kind in line.actions and line.in_force(day) and line.about_actor(act)]
        places = list(self.places(act))
        found = [self.at_place(lines, act, place) for place in places]
        if not any(one.rules for one in found) and not self.governs(kind, day):
            return Judgement("ungoverned")
        strictest = max(STRICT[one.says] for one in found)
        those = [one for one in found if STRICT[one.says] == strictest]
        rules, roles = {r for one in those for r in one.rules or {""}}, {r for one in those for r in one.roles}
        says = those[0].says
        if says != "propose":
            return Judgement(says, rules)
        # However many a rule asks for that proposes this, at any of its places: another rule beside it asks for no fewer.
        asking = [one.people for one in lines if one.kind == says and one.holds(act) and any(map(one.placed, places))]
        return Judgement(says, rules, roles, max(asking, default=1))

    def at_place(self, lines: list[Line], act: Deed, place: dict[str, Any]) -> Judgement:
        speaking = [line for line in lines if line.placed(place) and (line.kind == "automatic" or line.holds(act))]
        banned = [line for line in speaking if line.kind == "prohibit"]
        if banned:
            return Judgement("prohibit", [banned[0].id])
        scopes: dict[tuple[bool, ...], list[Line]] = {}
        for line in speaking:
            scopes.setdefault(line.scope, []).append(line)
        # From the widest scope to the narrowest: each says one thing; what is law in a wider one binds the narrowest.
        said = [self.of_scope(scopes[scope], act, place) for scope in sorted(scopes)]
        if not said:
            return Judgement("propose", (), [ANYBODY])
        binding = [one for one in said[:-1] if one[1] and one[2].hard] + [said[-1]]
        strictest = max(STRICT[one[0]] for one in binding)
        says, by_rule, line = next(one for one in binding if STRICT[one[0]] == strictest)
        # Outside an envelope nobody is named: a person of any role that a proposal names here, or whoever decides elsewhere.
        asked = [line.role] if by_rule else [ANYBODY, *(each.role for each in speaking if each.kind == "propose")]
        return Judgement(says, [line.id], asked if says == "propose" else ())

    @staticmethod
    def of_scope(lines: list[Line], act: Deed, place: dict[str, Any]) -> tuple[str, bool, Line]:
        """What one scope says, whether a rule that holds back says it, and the rule.

        The first listed decides, only that a proposal never stands in for a refusal that is law. Outside all envelopes of the
        scope a person decides.
        """
        for line in lines:
            if line.kind == "propose":
                law = next((other for other in lines if other.kind == "refuse" and other.hard), None)
                return ("refuse", True, law) if law is not None else ("propose", True, line)
            if line.kind == "refuse":
                return "refuse", True, line
            if line.frees(act, place):
                return "automatic", False, line
        return "propose", False, lines[0]


# --- the log ----------------------------------------------------------------------------------------------------------
class Row:
    """One row: its place in the log, its time, and what it says."""

    def __init__(self, line: bytes) -> None:
        stream, number, at, said = line.split(b" ", 3)
        self.stream, self.number, self.at = int(stream), int(number), at.decode()
        told = json.loads(said)
        self.about, self.deeds, self.who = str(told["about"]), list(told["deeds"]), dict(told["who"])

    @property
    def id(self) -> str:
        return f"{self.stream}/{self.number}"


def later(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) > datetime.fromisoformat(other)


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)) / timedelta(seconds=1)


class Evaluator:
    """Goes through the log once, in the order of its clock, and remembers what later rows are judged by.

    What it remembers is plain data: `state` can be kept, and given to go on with the rows that came since.
    """

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        kept = state or {}
        self.enacted: dict[str, Deed] = kept.get("enacted", {})
        self.force: list[list[str]] = kept.get("force", [])
        """When which policy came into force: moment and digest, oldest first."""
        self.requests: dict[str, Deed] = kept.get("requests", {})
        self.cases: dict[str, Deed] = kept.get("cases", {})
        self.read: dict[str, Policy] = {}
        self.violations: list[Deed] = []
        self.unchecked: Counter[str] = Counter()
        self.count: Counter[str] = Counter()

    @property
    def state(self) -> dict[str, Any]:
        """To go on from here: plain data, which JSON holds. What is closed for good approves nothing any more."""
        requests = {name: each for name, each in self.requests.items() if each["closed"] in {"", "approved"}}
        cases = {name: each for name, each in self.cases.items() if each["state"] != "closed"}
        return {"enacted": self.enacted, "force": self.force, "requests": requests, "cases": cases}

    def wrong(self, row: Row, sentence: str) -> None:
        self.violations.append({"row": row.id, "at": row.at, "about": row.about, "sentence": sentence})

    def go_through(self, lines: Iterable[bytes]) -> None:
        """Rows by time; those of one transaction have one time and one stream, and are taken together."""
        for _, together in groupby(self.rows(lines), key=lambda row: (row.at, row.stream)):
            several = list(together)
            for row in several:
                for deed in row.deeds:
                    self.note(row, deed)
            acts = [
                (row, deed, self.found(row, deed)) for row in several for deed in row.deeds if deed.get("did") == "act"
            ]
            # What one approval is for is one thing, of several actions perhaps: any of their roles may have been asked.
            roles: dict[str, set[str]] = {}
            for _, act, judged in acts:
                if judged is not None and judged.says == "propose":
                    roles.setdefault(act.get("approval", ""), set()).update(judged.roles)
            for row, act, judged in acts:
                if judged is not None:
                    self.compare(row, act, judged, roles.get(act.get("approval", ""), set()))
            told = {row.about for row, _, _ in acts}
            for row in several:
                for deed in row.deeds:
                    if (
                        deed.get("did") in {"decide", "record"}
                        and deed.get("outcome") == "executed"
                        and row.about not in told
                    ):
                        self.untold(row, deed)

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row]:
        for line in lines:
            self.count["rows"] += 1
            if LATER.search(line):
                yield Row(line)

    # --- what later rows are judged by
    def note(self, row: Row, deed: Deed) -> None:
        match deed.get("did"):
            case "enact":
                self.enacted[deed["policy"]] = deed
                self.read.pop(deed["policy"], None)
                self.force.append([row.at, deed["policy"]])
                self.count["policies put in force"] += 1
            case "open_request":
                kept = {"votes": {}, "opened_at": row.at, "closed": "", "closed_by": ""}
                self.requests[deed["request"]] = {**deed, **kept, "policy": deed.get("policy", "")}
            case "vote":
                self.vote(row, deed)
            case "close_request":
                self.close(row, deed)
            case "put_case" | "change_case":
                before = self.cases.get(deed["case"], {"people": []})
                people = {*before["people"], *([str(row.who.get("id"))] if deed["did"] == "change_case" else ())}
                self.cases[deed["case"]] = {
                    "state": deed["state"], "about": row.about, "who": row.who, "people": sorted(people)
                }  # fmt: skip

    def vote(self, row: Row, deed: Deed) -> None:
        request = self.requests.get(deed["request"])
        if request is None:
            self.wrong(row, f"{deed['by']} votes on request {deed['request']}, which nobody opened")
            return
        # Whoever votes again has thought again: the last vote counts.
        request["votes"][deed["by"]] = {**deed, "at": row.at, "row": row.id, "who": row.who}

    def close(self, row: Row, deed: Deed) -> None:
        request = self.requests.get(deed["request"])
        if request is None:
            self.wrong(row, f"request {deed['request']} is closed, and nobody opened it")
            return
        if request["closed"] not in {"", "approved"}:
            self.wrong(row, f"request {deed['request']} is {deed['to']} after it was {request['closed']}")
            return
        if deed["to"] == "executed" and deed.get("digest") != request["digest"]:
            self.wrong(row, f"request {deed['request']} was opened for another content than was executed")
        request |= {"closed": deed["to"], "closed_at": row.at, "closed_stream": row.stream}

    # --- one executed action
    def found(self, row: Row, act: Deed) -> Judgement | None:
        """What its policy says; None where that cannot be told, or is said already."""
        self.count["executed actions"] += 1
        digest = act.get("policy") or self.in_force_at(row.at)
        if not self.force or digest is None or row.at < self.force[0][0]:
            self.unchecked["executed before the log says which policy was in force"] += 1
            return None
        if digest not in self.enacted:
            self.wrong(row, f"it names the policy {digest[:19]}, which was never in force")
            return None
        if not self.was_in_force(digest, row.at):
            self.wrong(row, f"it names the policy {digest[:19]}, which was not in force then")
        try:
            return self.policy(digest).judge(act)
        except (KeyError, ValueError, TypeError) as trouble:
            self.wrong(row, f"it cannot be judged: {trouble!r}")
            return None

    def policy(self, digest: str) -> Policy:
        if digest not in self.read:
            self.read[digest] = Policy(self.enacted[digest])
        return self.read[digest]

    def untold(self, row: Row, deed: Deed) -> None:
        """An order that ships under envelopes for that, and of which no row says what they said."""
        policy = self.policy(deed["policy"]) if deed.get("policy") in self.enacted else None
        kind = "split" if len(deed.get("ships", ())) > 1 else "route"
        if policy is not None and policy.governs(kind, ""):
            self.wrong(row, f"it was executed under envelopes for {kind}, and no row says what they said of it")

    def compare(self, row: Row, act: Deed, found: Judgement, roles: set[str]) -> None:
        said, stage = act.get("says"), act.get("stage", "automatic")
        by_rule = f" by {', '.join(sorted(found.rules - {''}))}" if found.rules - {""} else ""
        self.count[f"that are {found.says}"] += 1
        if said != found.says:
            self.wrong(row, f"the row says {said}, and its policy says {found.says}{by_rule}")
        elif found.rules and act.get("rule", "") not in found.rules:
            self.wrong(row, f"the row says {said} by {act.get('rule') or 'no rule'}, and its policy says so{by_rule}")
        if found.says in {"refuse", "prohibit"}:
            self.wrong(row, f"it was executed, and its policy says {found.says}{by_rule}")
        elif found.says == "propose" or stage != "automatic":
            self.approved(row, act, found, roles)

    def in_force_at(self, at: str) -> str | None:
        return next((digest for since, digest in reversed(self.force) if since <= at), None)

    def was_in_force(self, digest: str, at: str) -> bool:
        """At the moment, or until a short while before it."""
        until = at
        for since, which in reversed(self.force):
            if since > at:
                continue
            if which == digest:
                return True
            until = since
            if seconds_between(until, at) > GRACE_S:
                return False
        return False

    # --- who approved it
    def approved(self, row: Row, act: Deed, found: Judgement, roles: set[str]) -> None:
        name = act.get("approval")
        if not name:
            self.wrong(row, "it was executed without approval, and is not automatic")
        elif name in self.requests:
            self.count["approved by votes"] += 1
            for sentence in self.of_request(row, act, self.requests[name], found.people, roles):
                self.wrong(row, f"its approval {name} {sentence}")
        elif name in self.cases:
            self.count["answered as cases"] += 1
            self.of_case(row, name, self.cases[name], found.people)
        else:
            self.wrong(row, f"its approval {name} is not in the log")

    def of_request(self, row: Row, act: Deed, request: Deed, people: int, roles: set[str]) -> Iterator[str]:
        of, _, thing = request["about"].partition(":")
        if request["about"] != row.about and of not in {"plan", "order"}:
            self.unchecked["approved under a name of their own, not that of the stock or lane they change"] += 1
        elif row.about not in {request["about"], thing}:
            yield f"is about {request['about']}"
        if request["closed"] not in {"", "approved", "executed"}:
            yield f"was {request['closed']}"
        if request["closed"] == "executed" and (request["closed_at"], request["closed_stream"]) != (row.at, row.stream):
            yield "was executed before, in another transaction"
        if later(row.at, request["expires_at"]):
            yield f"expired at {request['expires_at']}"
        if roles and request["role"] not in roles:
            yield f"was asked of {request['role']}, and {' or '.join(sorted(roles))} decides"
        if request.get("nodes") and not set(act.get("nodes", ())) <= set(request["nodes"]):
            yield "is about other nodes"
        if request["policy"] and act.get("policy") and request["policy"] != act["policy"]:
            self.unchecked["approved under the policy before; held against the one it was executed under"] += 1
        live = [vote for vote in request["votes"].values() if not self.against(vote, request)]
        people = max(int(request["people"]), people)
        agreed = min(len({vote["by"] for vote in live}), len({vote.get("for", vote["by"]) for vote in live}))
        if agreed < people:
            against = filter(None, (self.against(vote, request) for vote in request["votes"].values()))
            yield f"has {agreed} of {people} votes: {'; '.join(against) or 'nobody else came'}"
        self.unchecked["whether voters have the role that was asked: the log does not say who has"] += 1
        if any(vote["who"].get("kind") in UNNAMED for vote in live):
            self.unchecked["votes typed at a command line under a name that was given there"] += 1

    def against(self, vote: Deed, request: Deed) -> str:
        """Why a vote does not count; empty where it does."""
        who = vote["who"]
        if vote["says"] != "approve":
            return f"{vote['by']} said {vote['says']}"
        if request["proposer"] in {vote["by"], vote.get("for"), who.get("id")}:
            return f"{vote['by']} had proposed it"
        if vote["digest"] != request["digest"]:
            return f"{vote['by']} approved another content"
        if later(vote["at"], request["expires_at"]):
            return f"{vote['by']} came after it had expired"
        if who.get("kind") in PROGRAMS or (who.get("kind") == "person" and who.get("id") != vote["by"]):
            return f"{vote['by']} did not vote: {who.get('id')} did"
        return ""

    def of_case(self, row: Row, name: str, case: Deed, people: int) -> None:
        who = case["who"]
        if case["about"] != row.about:
            self.wrong(row, f"its case {name} is about {case['about']}")
        elif case["state"] != "closed":
            self.wrong(row, f"its case {name} is still open: nobody answered it")
        elif who.get("kind") in PROGRAMS:
            self.wrong(row, f"its case {name} was closed by {who.get('id')}, which is no person")
        elif len(case["people"]) < people and who.get("kind") not in UNNAMED:
            self.wrong(row, f"its case {name} was answered by {len(case['people'])} of {people} people")
        else:
            self.unchecked["whether whoever answered a case is in its role: the log does not say who is"] += 1

    # --- what is to be said of it
    def report(self) -> dict[str, Any]:
        return {
            "lawful": not self.violations,
            "violations": self.violations,
            "checked": dict(sorted(self.count.items())),
            "unchecked": dict(sorted(self.unchecked.items())),
        }


# --- packs ------------------------------------------------------------------------------------------------------------
def merged(pack: zipfile.ZipFile) -> Iterator[bytes]:
    """Rows of all streams by time; within a stream in their order, whatever its clock did."""

    def stream(name: str) -> Iterator[tuple[bytes, int, int, bytes]]:
        latest = b""
        with pack.open(name) as file:
            for place, line in enumerate(file):
                latest = max(latest, line.split(b" ", 3)[2])
                yield latest, int(name[5:-4]), place, line

    files = [name for name in pack.namelist() if re.fullmatch(r"rows/\d+\.txt", name)]
    if not files:
        raise KeyError("rows: it is a pack of proofs, and holds no whole log")
    for _, _, _, line in heapq.merge(*map(stream, files)):
        yield line


def policies_of(pack: zipfile.ZipFile, evaluator: Evaluator) -> None:
    """Wordings that came along: each must be what its digest names, and what the log says came into force."""
    for name in pack.namelist():
        if not (name.startswith("policies/") and name.endswith(".json")):
            continue
        text = pack.read(name)
        digest = "sha256:" + hashlib.sha256(text).hexdigest()
        told = json.loads(text)
        evaluator.count["wordings of policies"] += 1
        said = evaluator.enacted.get(digest)
        if name != f"policies/{digest.removeprefix('sha256:')}.json":
            problem = "is not the wording that its name says: it was changed since"
        elif said is not None and rules_of(told) != [{key: rule[key] for key in PLAIN} for rule in said["rules"]]:
            problem = "has other rules than the log says came into force"
        else:
            continue
        evaluator.violations.append({"row": "", "at": "", "about": name, "sentence": problem})


PLAIN = ("id", "kind", "hard", "valid_from", "valid_to", "parameters")


def rules_of(policy: Deed) -> list[Deed]:
    return [{key: rule[key] for key in PLAIN} for rule in policy["rules"]]


def evaluate(pack_file: str | IO[bytes]) -> dict[str, Any]:
    """The report of a pack. Raises KeyError, ValueError or BadZipFile where it cannot be read."""
    found = Evaluator()
    with zipfile.ZipFile(pack_file) as pack:
        found.go_through(merged(pack))
        policies_of(pack, found)
    return found.report()


def sentences(report: dict[str, Any]) -> list[str]:
    """What a person reads."""
    told = [", ".join(f"{count} {what}" for what, count in report["checked"].items()) or "nothing was to be checked"]
    told += [f"not checked, {count} times: {what}" for what, count in report["unchecked"].items()]
    told += [f"VIOLATION: row {one['row']}, {one['about']}: {one['sentence']}" for one in report["violations"]]
    if not report["violations"]:
        none = (
            ""
            if report["checked"].get("executed actions")
            else ": none was under envelopes, so there was nothing to judge"
        )
        told.append(f"every executed action was lawful{none}")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pack")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args()
    try:
        report = evaluate(asked.pack)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as trouble:
        print(f"{asked.pack} cannot be read as an evidence pack: {trouble}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    print(json.dumps(report, indent=1) if asked.json else "\n".join(sentences(report)))  # noqa: T201
    sys.exit(1 if report["violations"] else 0)


if __name__ == "__main__":
    main()
