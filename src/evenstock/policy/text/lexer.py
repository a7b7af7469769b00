"""Words, quoted names, commas and colons of a text, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evenstock.policy.text.problem import Problem

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
ESCAPED: Final = {character: f"\\{letter}" for letter, character in _ESCAPES.items()}
"""How a character is written between quotes."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    """`word`, `quoted`, `comma`, `colon` or `end`."""
    text: str
    line: int
    column: int
    first: bool
    """Whether it opens its line."""

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text in words

    @property
    def shown(self) -> str:
        """As an error names it."""
        return "the end of the text" if self.kind == "end" else repr(self.text)


def tokens(text: str) -> tuple[list[Token], list[Problem]]:
    """All tokens, the last of them the end; what cannot be read is a problem and left out."""
    found: list[Token] = []
    problems: list[Problem] = []
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        first = True
        for token in _of_line(line, number):
            if isinstance(token, Problem):
                problems.append(token)
            else:
                found.append(Token(token.kind, token.text, token.line, token.column, first))
                first = False
    found.append(Token("end", "", len(lines), len(lines[-1]) + 1, first=True))
    return found, problems


def _of_line(line: str, number: int) -> Iterator[Token | Problem]:
    at = 0
    while at < len(line):
        start, character = at, line[at]
        if character.isspace() or character == "\ufeff":
            at += 1
        elif character == "#":
            return
        elif character in ",:":
            at += 1
            yield Token("comma" if character == "," else "colon", character, number, start + 1, first=False)
        elif character == '"':
            said, at, wrong = _quoted(line, at)
            place = number, start + 1
            yield Problem(*place, wrong) if wrong else Token("quoted", said, *place, first=False)
        else:
            at = _end_of_word(line, at)
            yield Token("word", line[start:at], number, start + 1, first=False)


def _end_of_word(line: str, at: int) -> int:
    """A colon belongs to a word where more of it follows, as in ups:ground; after it, it stands by itself."""
    while at < len(line):
        character = line[at]
        if character.isspace() or character in ',"':
            break
        if character == ":" and (at + 1 == len(line) or line[at + 1].isspace() or line[at + 1] in ',":'):
            break
        at += 1
    return at


def _quoted(line: str, at: int) -> tuple[str, int, str]:
    """The name, where it ends, and what is wrong with it, if anything."""
    said: list[str] = []
    wrong = ""
    at += 1
    while at < len(line):
        character = line[at]
        if character == '"':
            return "".join(said), at + 1, wrong
        if character == "\\":
            at += 1
            escaped = line[at : at + 1]
            if escaped not in _ESCAPES:
                wrong = f'a backslash stands before n, t, r, " or another backslash, not before {escaped!r}; write \\\\'
            said.append(_ESCAPES.get(escaped, ""))
        else:
            said.append(character)
        at += 1
    return "", len(line), 'the quote is not closed; end it with " on the same line (\\n stands for a new line)'
