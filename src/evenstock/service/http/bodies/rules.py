"""Rules as they come (text or table) and as they are told."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, model_validator

from evenstock.domain import Policy, Rule, plain
from evenstock.operations.rulebook import Checked
from evenstock.operations.rulebook_told import finding_told
from evenstock.policy import text
from evenstock.service.http.bodies.autonomy import SimulatedOut
from evenstock.service.http.bodies.out import Day as DayOut
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.problems import Problem
from evenstock.service.http.strict import LONGEST_NAME, NAME_PATTERN, Day, MaybeName, Name, Strict, Text

LONGEST_RULES: Final = 500_000
MOST_RULES: Final = 2_000
Words = Annotated[str, Field(min_length=1, max_length=LONGEST_RULES, description="Rules as text; see /v1/rules/kinds")]


class RuleBody(Strict):
    """One rule of the table."""

    id: Name
    kind: Name
    parameters: Annotated[dict[Name, Text], Field(max_length=50)] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": {"pattern": NAME_PATTERN, "maxLength": LONGEST_NAME}}
    )
    hard: bool = Field(default=True, description="Law; else a wish that yields to a paid order")
    valid_from: Day | None = None
    valid_to: Day | None = None
    because: Text = ""
    owner: MaybeName = ""

    def rule(self) -> Rule:
        return Rule(
            self.id, self.kind, tuple(self.parameters.items()), self.hard, self.valid_from or date.min,
            self.valid_to or date.max, self.because, self.owner,
        )  # fmt: skip


class RulesBody(Strict):
    """Rules as text, or as a table: one of the two."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["text"]}, {"required": ["table"]}]})
    text: Words = ""
    table: Annotated[list[RuleBody], Field(max_length=MOST_RULES)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set & {"text", "table"}) != 1:
            raise ValueError("say the rules as text or as a table")
        return self

    def said(self) -> str | Policy:
        """The text, or the policy that the table says.

        Raises
        ------
        Problem
            If the text cannot be read, rules share an id, or the table says what no text can.
        """
        if "text" in self.model_fields_set:
            parsed(self.text)
            return self.text
        try:
            policy = Policy("proposed", tuple(rule.rule() for rule in self.table))
            text.canonical(policy)
        except ValueError as error:
            raise Problem("refused", str(error), errors=[("/table", str(error))]) from None
        return policy


class PlaceOut(Out):
    region: str | None
    channel: str | None
    node: str | None
    category: str | None


class EffectiveLineOut(Out):
    """One line that counts at the place."""

    rule: str
    kind: str
    actions: list[str]
    said: str = Field(description="As the rule is written")
    scope: str = Field(description="Where it is placed; company where it names no place")
    law: bool = Field(description="Whether no line of a narrower scope loosens it")
    owner: str | None
    because: str | None
    since: Moment | None = Field(
        description="When it began to hold in these words; null for a line of the imported table"
    )
    version: str | None = Field(description="Version of the rules that brought it; null for the imported table")
    overrides: list[str] = Field(description="Rules of wider scopes whose place it takes")
    bound_by: list[str] = Field(description="Rules of law of wider scopes that it cannot loosen")


class EffectiveOut(Out):
    """Who may act alone at a place."""

    version: str | None = Field(description="In force; null for the imported table, or the default")
    digest: str = Field(description="Of the policy")
    place: PlaceOut
    lines: list[EffectiveLineOut]


class RuleOut(Out):
    id: str
    kind: str
    parameters: list[list[str]] = Field(description="Name and value of each")
    hard: bool
    valid_from: DayOut
    valid_to: DayOut
    because: str
    owner: str


class RulesOut(Out):
    """A wording of the rules."""

    version: str | None = Field(description="Null where the imported table is in force, or the default")
    by: str | None
    because: str | None
    at: Moment | None
    text: str
    rules: list[RuleOut]
    digest: str = Field(description="As decisions name it")


class VersionLineOut(Out):
    version: str
    at: Moment
    rules: int
    by: str
    because: str


class VersionsOut(Out):
    items: list[VersionLineOut]
    next: str | None


class DeedOut(Out):
    deed: str
    version: str | None = Field(description="Null: the imported table")
    at: Moment
    by: str
    because: str
    forced: bool


class DeedsOut(Out):
    items: list[DeedOut]
    next: str | None


class FindingOut(Out):
    fault: str
    rules: list[str]
    law: bool
    sentence: str
    advice: str
    evidence: str
    orders: int


class CheckedOut(Out):
    """What is to be said of rules before they count."""

    usable: bool = Field(description="Whether every rule can be used with today's network")
    sound: bool = Field(description="Whether law does not contradict itself")
    because: str = Field(description="Why they are refused; empty where they are not")
    orders: int = Field(description="Past orders they were tried on")
    findings: list[FindingOut]


class ActivatedOut(CheckedOut):
    activation: DeedOut
    simulated: SimulatedOut | None = Field(
        description="What these rules would have done; null where that was not tried"
    )


class KindOut(Out):
    name: str
    about: str
    pattern: str
    law: str = Field(description="always, never or either")


class KindsOut(Out):
    form: str
    items: list[KindOut]
    next: str | None


class SideOut(Out):
    served: int
    asked: int = Field(description="Plans that a person would decide")
    cents: int = Field(description="Of orders that both serve")


class DiffersOut(Out):
    order: str
    now: str
    then: str
    cents: int
    because: str


class DryRunOut(Out):
    """Past orders under the rules in force and under others."""

    orders: int
    left_out: int
    both: int
    now: SideOut
    then: SideOut
    changed: int
    examples: list[DiffersOut]


class SuggestionOut(Out):
    rule: str
    sentence: str
    text: str
    exceptions: list[str]


class SuggestionsOut(Out):
    items: list[SuggestionOut]
    next: str | None


def parsed(words: str) -> Policy:
    """The policy of a text. Raises Problem with each problem's line and column."""
    try:
        return text.parse(words)
    except text.PolicyTextError as wrong:
        said = str(wrong)
        raise Problem(
            "refused", f"the rules cannot be read: {said.splitlines()[0]}",
            errors=[("/text", line) for line in said.splitlines()],
        ) from None  # fmt: skip


def rules_out(policy: Policy) -> list[dict[str, Any]]:
    """The table view."""
    return [dict(plain(rule)) for rule in policy.rules]


def checked_out(checked: Checked, orders: int) -> dict[str, Any]:
    because = getattr(checked.verdict, "because", "")
    return {
        "usable": checked.usable,
        "sound": not because,
        "because": because,
        "orders": orders,
        "findings": [finding_told(finding) for finding in checked.findings],
    }
