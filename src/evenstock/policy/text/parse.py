"""A policy from its text.

    policy brand                                       # its name; may be left out
    rule west-coast: require nodes CA, NV              # name, kind, what the kind takes
        when postal starts with 9, 80 and class is standard or vip
        from 2026-10-01 until 2027-01-31
        soft                                           # a wish; without it, law
        owner ops@brand
        because "two-day ground"

Line breaks and indentation are free; a rule ends where the next begins at the start of a line. A hash begins a comment.
Names with blanks, commas or words of the language stand between quotes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NoReturn

from evenstock.domain import Policy, Rule
from evenstock.policy.compiled import Kind, describe
from evenstock.policy.parameters import Parameter
from evenstock.policy.text.lexer import Token, tokens
from evenstock.policy.text.phrases import CLAUSES, CONDITIONS, LISTS, RESERVED, SPANS, conditions, own
from evenstock.policy.text.problem import PolicyTextError, Problem
from evenstock.policy.text.write import UNNAMED, phrase_of, share

_MONEY: Final = re.compile(r"\$?([0-9]{1,15})(?:\.([0-9]{1,2}))?")
_SPAN: Final = re.compile(r"([0-9]{1,18})([smhd])")


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy, and where each of its rules stands in the text."""

    policy: Policy
    lines: Mapping[str, int]
    """First line of each rule, by its id."""


def parse(text: str, name: str = UNNAMED) -> Policy:
    """The policy of a text; `name` where the text does not say one. Names are checked when it is compiled.

    Raises
    ------
    PolicyTextError
        With every rule's first problem: line, column, what is wrong and what to write instead.

    Examples
    --------
    >>> policy = parse("rule fast: require nodes CA, NV when value at least 50 soft")
    >>> policy.rules[0].parameters
    (('nodes', 'CA,NV'), ('min_value_cents', '5000'))
    """
    return read(text, name).policy


def read(text: str, name: str = UNNAMED) -> PolicyText:
    """As `parse`, with the line of each rule."""
    found, problems = tokens(text)
    reader = _Reader(found, {kind.name: kind for kind in describe()})
    rules: list[tuple[Rule, int]] = []
    ids: set[str] = set()
    try:
        name = reader.header(name)
    except _WrongError as wrong:
        problems.append(wrong.problem)
        reader.skip_to_rule()
    while not reader.at_end():
        start = reader.now
        try:
            rule = reader.rule()
            if rule.id in ids:
                reader.wrong(start, f"rule {rule.id!r} stands twice; give each rule a name of its own")
        except _WrongError as wrong:
            # What cannot be read on a line that has a broken quote follows from the quote.
            if all(problem.line != wrong.problem.line for problem in problems):
                problems.append(wrong.problem)
            reader.skip_to_rule()
        else:
            rules.append((rule, start.line))
            ids.add(rule.id)
    if problems:
        raise PolicyTextError(problems)
    return PolicyText(Policy(name, tuple(rule for rule, _ in rules)), {rule.id: line for rule, line in rules})


class _WrongError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class _Reader:
    """Reads tokens one after the other."""

    def __init__(self, found: Sequence[Token], kinds: Mapping[str, Kind]) -> None:
        self._tokens, self._at, self._kinds = found, 0, kinds

    @property
    def now(self) -> Token:
        return self._tokens[self._at]

    def at_end(self) -> bool:
        return self.now.kind == "end"

    def wrong(self, where: Token, said: str) -> NoReturn:
        raise _WrongError(Problem(where.line, where.column, said))

    def skip_to_rule(self) -> None:
        """On to the next rule that begins a line; at least one token on."""
        self._next()
        while not self.at_end() and not (self.now.first and self.now.is_word("rule")):
            self._next()

    def header(self, name: str) -> str:
        if not self.now.is_word("policy"):
            return name
        self._next()
        return self._name("the policy's name")

    def rule(self) -> Rule:
        start = self._next()
        if not start.is_word("rule"):
            self.wrong(start, f"{start.shown} begins no rule; write: rule NAME: KIND …")
        name = self._name("the rule's name")
        if self.now.kind != "colon":
            self.wrong(self.now, f"a colon stands after the rule's name, not {self.now.shown}; write: rule {name}: …")
        self._next()
        kind = self._kind()
        given: dict[str, str] = {}
        self._beside(kind, given)
        rest = self._clauses(kind, given)
        return Rule(
            name,
            kind.name,
            tuple((p.name, given[p.name]) for p in kind.parameters if p.name in given),
            hard=rest.get("hard") == "hard" if "hard" in rest else not kind.never_law,
            valid_from=date.fromisoformat(rest["from"]) if "from" in rest else date.min,
            valid_to=date.fromisoformat(rest["until"]) if "until" in rest else date.max,
            because=rest.get("because", ""),
            owner=rest.get("owner", ""),
        )

    def _next(self) -> Token:
        token = self.now
        if token.kind != "end":
            self._at += 1
        return token

    def _kind(self) -> Kind:
        token = self._next()
        if token.kind != "word" or token.text not in self._kinds:
            self.wrong(token, f"{token.shown} is no kind of rule; {_instead(token.text, self._kinds)}")
        return self._kinds[token.text]

    def _beside(self, kind: Kind, given: dict[str, str]) -> None:
        """What stands beside the kind."""
        takes = own(kind)
        bare = next((parameter for parameter in takes if not parameter.words), None)
        while not self._ends_rule() and not self.now.is_word(*CLAUSES):
            start = self.now
            parameter = self._phrase(takes)
            if parameter is None:
                if bare is None or bare.name in given or self.now.is_word("and", "or"):
                    self._stranger(start, kind, takes)
                parameter = bare
            if parameter.name in given:
                self.wrong(start, f"{parameter.words or parameter.name} stands twice; keep one")
            given[parameter.name] = self._value(parameter)

    def _stranger(self, token: Token, kind: Kind, takes: Sequence[Parameter]) -> NoReturn:
        condition = next((p for p in (*conditions(kind), *CONDITIONS) if self._starts(p.words)), None)
        if condition is not None:
            self.wrong(token, f"conditions stand after `when`; write: when {phrase_of(condition)}")
        phrases = [phrase_of(parameter) for parameter in takes]
        close = _close(token.text, [*(p.words.split()[0] for p in takes if p.words), *CLAUSES, "rule"])
        hint = f"did you mean {close!r}? " if close else ""
        said = f"{kind.name} takes {', '.join(phrases)}" if phrases else f"{kind.name} takes nothing"
        self.wrong(
            token, f"{token.shown} is not understood here; {hint}{said}; then {', '.join(CLAUSES)} or the next rule"
        )

    def _clauses(self, kind: Kind, given: dict[str, str]) -> dict[str, str]:
        rest: dict[str, str] = {}
        while not self._ends_rule():
            token = self._next()
            clause = token.text if token.kind == "word" else ""
            key = "hard" if clause == "soft" else clause
            if clause not in CLAUSES:
                close = _close(token.text, [*CLAUSES, "rule"])
                hint = f"did you mean {close!r}? " if close else ""
                if token.is_word("and") or token.kind == "comma":
                    hint = "conditions are joined by `and` after one `when`; "
                self.wrong(
                    token,
                    f"{token.shown} is not understood here; {hint}use {', '.join(CLAUSES)} or begin the next rule",
                )
            if key in rest:
                self.wrong(token, f"{clause!r} stands twice in this rule; keep one")
            match clause:
                case "when":
                    self._conditions(kind, given)
                    rest[key] = clause
                case "soft" | "hard":
                    rest[key] = clause
                case "from" | "until":
                    rest[key] = self._day(clause)
                case _:
                    rest[key] = self._name("who answers for it" if clause == "owner" else "the reason, between quotes")
        return rest

    def _conditions(self, kind: Kind, given: dict[str, str]) -> None:
        takes = conditions(kind)
        while True:
            start = self.now
            parameter = self._phrase(takes)
            if parameter is None:
                self._no_condition(start, kind, takes)
            if parameter.name in given:
                self.wrong(start, f"`{parameter.words}` stands twice; write one list, such as {phrase_of(parameter)}")
            if self.now.is_word("not"):
                self.wrong(
                    self.now,
                    "there is no `not`; list a `permit` for the exceptions before this rule, or name the others",
                )
            given[parameter.name] = self._value(parameter)
            if not self.now.is_word("and"):
                return
            self._next()

    def _no_condition(self, token: Token, kind: Kind, takes: Sequence[Parameter]) -> NoReturn:
        elsewhere = next((p for p in CONDITIONS if self._starts(p.words)), None)
        allowed = ", ".join(p.words for p in takes)
        if elsewhere is not None:
            self.wrong(token, f"{kind.name} cannot ask `{elsewhere.words}`; it can ask {allowed or 'nothing'}")
        close = _close(token.text, [p.words.split()[0] for p in takes])
        near = next((phrase_of(p) for p in takes if close and p.words.startswith(close)), "")
        hint = f"did you mean `{near}`? " if near else ""
        self.wrong(
            token, f"{token.shown} begins no condition; {hint}use one of {allowed or 'none: this kind has none'}"
        )

    def _phrase(self, takes: Iterable[Parameter]) -> Parameter | None:
        """The parameter whose words stand here, the longest of them, and step behind them."""
        matching = [parameter for parameter in takes if parameter.words and self._starts(parameter.words)]
        if not matching:
            return None
        longest = max(matching, key=lambda parameter: len(parameter.words.split()))
        self._at += len(longest.words.split())
        return longest

    def _starts(self, phrase: str) -> bool:
        words = phrase.split()
        here = self._tokens[self._at : self._at + len(words)]
        return len(here) == len(words) and all(t.is_word(w) for t, w in zip(here, words, strict=True))

    def _value(self, parameter: Parameter) -> str:
        if parameter.type in LISTS:
            names = [self._listed(parameter)]
            while self.now.kind == "comma" or self.now.is_word("or"):
                self._next()
                names.append(self._listed(parameter))
            return ",".join(names)
        if parameter.type == "text":
            token = self.now
            text = self._name(parameter.meaning).strip()
            return text or self.wrong(token, f"the name is empty; give {parameter.meaning}")
        token = self._next()
        value = _number(token, parameter)
        if not value:
            self.wrong(token, f"{token.shown} is no {_WANTED[parameter.type]}; write {phrase_of(parameter)}")
        if parameter.unit and self.now.is_word(parameter.unit, parameter.unit.removesuffix("s")):
            self._next()
        return value

    def _listed(self, parameter: Parameter) -> str:
        token = self.now
        name = self._name(f"a name of {parameter.meaning}").strip()
        if "," in name:
            self.wrong(token, f"{name!r} holds a comma, which no name may; quote each name by itself")
        return name or self.wrong(token, f"the name is empty; give {parameter.meaning}")

    def _name(self, what: str) -> str:
        token = self._next()
        if token.kind == "word" and token.text in RESERVED:
            self.wrong(
                token, f'{what} is missing before {token.text!r}; if that is the name, write "{token.text}" in quotes'
            )
        if token.kind not in ("word", "quoted"):
            self.wrong(token, f"{what} is missing: there stands {token.shown}")
        return token.text

    def _day(self, clause: str) -> str:
        token = self._next()
        try:
            return date.fromisoformat(token.text).isoformat()
        except ValueError:
            self.wrong(token, f"{token.shown} is no day; write {clause} 2026-11-20")

    def _ends_rule(self) -> bool:
        return self.at_end() or (self.now.first and self.now.is_word("rule"))


_WANTED: Final = {
    "whole": "whole number",
    "count": "whole number",
    "cents": "amount of money",
    "seconds": "span of time",
    "share": "share from 0 to 1",
}


def _number(token: Token, parameter: Parameter) -> str:
    """The value as a parameter keeps it; empty where the token is none."""
    if token.kind != "word":
        return ""
    match parameter.type:
        case "cents":
            money = _MONEY.fullmatch(token.text)
            return str(int(money[1]) * 100 + int((money[2] or "0").ljust(2, "0"))) if money else ""
        case "seconds":
            span = _SPAN.fullmatch(token.text)
            return str(int(span[1]) * dict(SPANS)[span[2]]) if span else ""
        case "share" if re.fullmatch(r"[0-9]+(\.[0-9]+)?%", token.text):
            return share(str(Decimal(token.text[:-1]) / 100))
        case "share":
            return share(token.text)
        case _:
            return str(int(token.text)) if re.fullmatch(r"[0-9]{1,18}", token.text) else ""


def _close(word: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(word, sorted(set(known)), n=1)), "")


def _instead(word: str, known: Iterable[str]) -> str:
    close = _close(word, known)
    return f"did you mean {close!r}?" if close else f"use one of {', '.join(sorted(known))}"
