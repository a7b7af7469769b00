"""Audit logs that are written by hand, as somebody would who owns the database: whole chains, lawful or not."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

from evenstock.operations.audit.enacted import enacted
from evenstock.operations.audit.rows import line_of
from evenstock.policy import text
from evenstock.storage.audit_evidence.evaluate import evaluate

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
COUNTRIES = {"BER": "DE", "NJ": "US", "TX": "US"}
RULES = """policy house
rule small: automatic transfer when value at most 500 and confidence at least 90%
rule dear: propose transfer by 2 people for finance when value above 10000
rule never: refuse transfer when units above 999
rule embargo: prohibit transfer under "31 CFR 515.201" when destination country is CU
rule routing: automatic route when value at most 100
"""
POLICY = text.parse(RULES)
OTHER = text.parse(RULES.replace("at most 500", "at most 9000").replace("policy house", "policy wide"))
ANA, BEN, CLEO = ({"id": f"person:{name}", "kind": "person", "through": "api"} for name in ("ana", "ben", "cleo"))
CLERK = {"id": "schedule", "kind": "schedule", "through": "worker"}
AGENT = {"id": "key:ek_1", "kind": "agent", "through": "agent"}


class Log:
    """Rows in the order of their writing, a minute apart."""

    def __init__(self, *, policy=POLICY):
        self.rows = []
        self.at = NOW
        self.enact(policy)

    def row(self, about, who, *deeds, same=False, stream=0):
        """`same`: in the transaction of the row before it."""
        self.at += timedelta(minutes=0 if same else 1)
        self.rows.append((stream, self.at, {"about": about, "deeds": list(deeds), "who": who}))
        return self

    def enact(self, policy):
        return self.row(f"policy:{policy.digest()}", ANA, enacted(policy, "v1", COUNTRIES))

    def ask(self, request="R", about="plan:P", **changed):
        said = {
            "did": "open_request", "request": request, "action": "transfer", "about": about, "digest": "sha256:1",
            "proposer": "person:ana", "role": "finance", "nodes": ["NJ", "TX"], "cents": 2_000_000, "people": 2,
            "expires_at": "2026-11-23T14:00:00.000000Z", "policy": POLICY.digest(),
        }  # fmt: skip
        return self.row(request, ANA, said | changed)

    def vote(self, who, request="R", *, by=None, digest="sha256:1", says="approve", **more):
        said = {"did": "vote", "request": request, "by": by or who["id"], "says": says, "digest": digest}
        return self.row(request, who, said | more)

    def act(self, about="P", who=CLERK, *, closes="R", digest="sha256:1", **changed):
        """A transfer of 20,000.00, carried out as `closes` approved it."""
        said = {
            "did": "act", "kind": "transfer", "nodes": ["NJ", "TX"], "channel": "", "categories": ["kitchen"],
            "cents": 2_000_000, "units": 100, "confidence_millionths": 950_000, "data_age_s": 60,
            "origin_country": "US", "destination_country": "US", "bonded": False, "actor": "schedule", "roles": [],
            "on": "2026-11-20", "policy": POLICY.digest(), "says": "propose", "rule": "dear", "stage": "automatic",
            "approval": closes,
        }  # fmt: skip
        said = {name: value for name, value in (said | changed).items() if value is not None}
        if closes:
            self.row(closes, who, {"did": "close_request", "request": closes, "to": "executed", "digest": digest})
        return self.row(about, who, said, same=bool(closes))

    def automatic(self, about="Q", **changed):
        return self.act(about, closes=None, says="automatic", rule="small", **({"cents": 50_000} | changed))

    def pack(self):
        """As an evidence pack has it; its chains are not looked at here."""
        streams, numbers = {}, {}
        for stream, at, said in self.rows:
            numbers[stream] = numbers.get(stream, 0) + 1
            line = line_of(stream, numbers[stream], at, json.dumps(said, sort_keys=True, separators=(",", ":")))
            streams.setdefault(stream, []).append(line + b"\n")
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as pack:
            for stream, lines in streams.items():
                pack.writestr(f"rows/{stream:02}.txt", b"".join(lines))
        file.seek(0)
        return file

    def report(self):
        return evaluate(self.pack())

    def wrong(self):
        """Sentences about what is unlawful."""
        return [one["sentence"] for one in self.report()["violations"]]


def agreed():
    """A request to which two people have agreed."""
    return Log().ask().vote(BEN).vote(CLEO)
