"""What a migration may not do while the version before still serves: a rule each, over the statements that PostgreSQL gets.

A migration runs in one transaction under a `lock_timeout`, beside processes that read and write. So it changes what is there
only in ways that take a moment, whatever a table holds; what scans or rewrites a table that others use does not belong in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_FLAGS: Final = re.IGNORECASE | re.DOTALL
_NAME: Final = r'(?:ONLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:"?public"?\.)?"?(?P<table>\w+)"?'
_FUNCTION: Final = re.compile(r"^CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\b", _FLAGS)
_DO: Final = re.compile(r"^DO\s+\$\w*\$(?P<body>.*)\$\w*\$$", _FLAGS)
_ALTER: Final = re.compile(rf"^ALTER\s+TABLE\s+{_NAME}\s+(?P<what>.*)$", _FLAGS)
_INDEX: Final = re.compile(
    r'^CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?P<how>CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"?\w*"?\s*ON\s+(?:ONLY\s+)?"?(?P<table>\w+)"?',
    _FLAGS,
)
_CREATE: Final = re.compile(rf"^CREATE\s+(?:UNLOGGED\s+)?TABLE\s+{_NAME}", _FLAGS)
_SAME_FOR_ALL: Final = re.compile(r"^(NULL|TRUE|FALSE|-?\d+(\.\d+)?|'[^']*'(::\w+)?)$", _FLAGS)
_DEFAULT: Final = re.compile(r"\bDEFAULT\s+('[^']*'(?:::\w+)?|[^\s,]+(?:\([^)]*\))?)", _FLAGS)


@dataclass(frozen=True)
class Step:
    """One migration as it ran."""

    revision: str
    statements: Sequence[str]
    serves: str = ""
    """Oldest schema whose code may go on; empty where it serves its own alone."""
    older: bool = field(init=False)
    """Whether code of an older schema goes on beside it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "older", bool(self.serves) and self.serves < self.revision)

    def run(self) -> Iterator[str]:
        """Statements that do something when the migration runs, without comments: bodies of functions do it later."""
        for statement in self.statements:
            said = plain(statement)
            inner = _DO.match(said)
            if inner:
                parts = re.sub(r"\bEXCEPTION\s+WHEN\b.*$", "", inner["body"], flags=_FLAGS).split(";")
                yield from (
                    part for part in (re.sub(r"^\s*BEGIN\s+", "", p, flags=_FLAGS).strip() for p in parts) if part
                )
            elif not _FUNCTION.match(said):
                yield said

    @property
    def new(self) -> frozenset[str]:
        """Tables that it makes itself: nobody uses them yet."""
        return frozenset(found["table"] for found in map(_CREATE.match, self.run()) if found)

    def altered(self) -> Iterator[tuple[str, str]]:
        """Each change of a table that was there before, and what it says."""
        for said in self.run():
            found = _ALTER.match(said)
            if found and found["table"] not in self.new:
                for one in _parts(found["what"]):
                    yield found["table"], one


def plain(statement: str) -> str:
    """Without comments and needless white space."""
    said = re.sub(r"/\*.*?\*/", " ", re.sub(r"--[^\n]*", " ", statement), flags=re.DOTALL)
    return " ".join(said.split()).rstrip(" ;")


def _parts(said: str) -> list[str]:
    """What commas part outside of brackets and quotes."""
    parts, depth, quoted, last = [], 0, False, 0
    for at, sign in enumerate(said):
        if sign == "'":
            quoted = not quoted
        elif not quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == "," and not depth:
                parts.append(said[last:at].strip())
                last = at + 1
    return [*parts, said[last:].strip()]


def no_rewrite(step: Step) -> Iterator[str]:
    """Every row is written anew, and nobody reads meanwhile."""
    for table, said in step.altered():
        if re.search(r"^ALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b", said, _FLAGS):
            yield f"{table}: the type of a column changes; add a column beside it, and read that"
        if re.search(r"^SET\s+(UNLOGGED|LOGGED|TABLESPACE|ACCESS\s+METHOD)\b", said, _FLAGS):
            yield f"{table}: {said} writes it anew"
        if re.search(r"^ADD\s+(COLUMN\s+)?(?!CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)", said, _FLAGS):
            given = _DEFAULT.search(said)
            if given and not _SAME_FOR_ALL.match(given[1]):
                yield f"{table}: a default that is reckoned for each row ({given[1]})"
            if re.search(r"\b(GENERATED|(BIG|SMALL)?SERIAL)\b", said, _FLAGS):
                yield f"{table}: a column that is reckoned for each row"
    for said in step.run():
        if re.search(r"^(CLUSTER|VACUUM\s+(\(\s*)?FULL|REINDEX\s+(?!.*CONCURRENTLY))\b", said, _FLAGS):
            yield f"{said[:40]} writes a table or an index anew"


def no_scan_under_lock(step: Step) -> Iterator[str]:
    """Every row is looked at while nobody else may: add it NOT VALID, and validate it in a later migration."""
    for table, said in step.altered():
        if re.search(r"^ADD\s+(CONSTRAINT\s+\S+\s+)?(CHECK|FOREIGN\s+KEY)\b", said, _FLAGS) and not re.search(
            r"\bNOT\s+VALID$", said, _FLAGS
        ):
            yield f"{table}: a constraint that looks at every row; add it NOT VALID, and validate it in a later migration"
        if re.search(
            r"^ADD\s+(COLUMN\s+)?(?!CONSTRAINT).*\b(CHECK\s*\(|REFERENCES\b)", said, _FLAGS
        ) and not said.upper().startswith(("ADD CHECK", "ADD FOREIGN", "ADD CONSTRAINT")):
            yield f"{table}: a new column with a constraint looks at every row"
        if re.search(r"\bSET\s+NOT\s+NULL$", said, _FLAGS):
            yield f"{table}: SET NOT NULL looks at every row; keep a validated CHECK first"
        if re.search(r"^ADD\s+(CONSTRAINT\s+\S+\s+)?(PRIMARY\s+KEY|UNIQUE|EXCLUDE)\b", said, _FLAGS) and not re.search(
            r"\bUSING\s+INDEX\b", said, _FLAGS
        ):
            yield f"{table}: a key builds its index while nobody may use the table; build it CONCURRENTLY, then USING INDEX"


def no_validation_beside(step: Step) -> Iterator[str]:
    """Validated in the migration that adds it, the lock of adding is held while every row is looked at."""
    added = {
        found[1]
        for _, said in step.altered()
        if (found := re.search(r'^ADD\s+CONSTRAINT\s+"?(\w+)"?.*\bNOT\s+VALID$', said, _FLAGS))
    }
    for table, said in step.altered():
        found = re.search(r'^VALIDATE\s+CONSTRAINT\s+"?(\w+)"?', said, _FLAGS)
        if found and found[1] in added:
            yield f"{table}: {found[1]} is validated under the lock that added it; validate it in a later migration"


def no_blocking_index(step: Step) -> Iterator[str]:
    """While an index is built nobody writes: CONCURRENTLY, outside of the migration, or on a new table."""
    for said in step.run():
        found = _INDEX.match(said)
        if found and found["table"] not in step.new and not found["how"]:
            yield f"{found['table']}: an index is built while nobody may write; build it CONCURRENTLY"


def no_drop_of_what_is_read(step: Step) -> Iterator[str]:
    """What the older version still reads, or writes, must go on as it was."""
    if not step.older:
        return
    for said in step.run():
        found = re.search(r"^DROP\s+(TABLE|VIEW|FUNCTION|PROCEDURE|SEQUENCE|TYPE|SCHEMA|TRIGGER)\b.*", said, _FLAGS)
        if found:
            yield f"{said[:60]}: code of schema {step.serves} may still use it"
        if re.search(r"^TRUNCATE\b", said, _FLAGS):
            yield f"{said[:60]}: code of schema {step.serves} still reads it"
    for table, said in step.altered():
        if re.search(r"^(DROP\s+(COLUMN\s+)?(?!CONSTRAINT|NOT)|RENAME\b)", said, _FLAGS):
            yield f"{table}: {said[:60]}: code of schema {step.serves} may still use it"
        if re.search(r"^ALTER\s+(COLUMN\s+)?\S+\s+DROP\s+DEFAULT", said, _FLAGS):
            yield f"{table}: code of schema {step.serves} writes rows without it"
        if (
            re.search(r"^ADD\s+(COLUMN\s+)?(?!CONSTRAINT).*\bNOT\s+NULL\b", said, _FLAGS)
            and not _DEFAULT.search(said)
            and not re.search(r"^ADD\s+(CHECK|FOREIGN|PRIMARY|UNIQUE)\b", said, _FLAGS)
        ):
            yield f"{table}: code of schema {step.serves} writes rows without the new column; give it a default"


def no_long_change(step: Step) -> Iterator[str]:
    """Rows of a table that others use are changed all at once: let the worker do it, some at a time."""
    for said in step.run():
        found = re.search(r'^(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?"?(\w+)"?', said, _FLAGS)
        if found and found[1] not in {*step.new, "alembic_version", "pointer"}:
            yield f"{found[1]}: rows are changed all at once: {said[:60]}"
        if re.search(r"^LOCK\b", said, _FLAGS):
            yield f"{said[:60]}: nobody else goes on until the migration ends"


RULES: Final[dict[str, Callable[[Step], Iterator[str]]]] = {
    "rewrite": no_rewrite,
    "scan under lock": no_scan_under_lock,
    "validated beside": no_validation_beside,
    "blocking index": no_blocking_index,
    "dropped": no_drop_of_what_is_read,
    "long change": no_long_change,
}


def lint(step: Step) -> list[tuple[str, str]]:
    """Every rule's name with what it finds."""
    return [(name, said) for name, rule in RULES.items() for said in rule(step)]
