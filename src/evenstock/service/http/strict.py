"""Request bodies that take nothing for something else: no false for 0, no text for a number, no field nobody knows."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

MOST_UNITS: Final = 1_000_000_000
MOST_CENTS: Final = 1_000_000_000_000
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 2_000
_SEEN: Final = r"[^\u0000-\u001f\u007f-\u009f]"
_INK: Final = r"[^\s\u0000-\u001f\u007f-\u009f]"
# What the validators below refuse, in the words of JSON Schema, so that callers know before they ask.
NAME_PATTERN: Final = f"^{_INK}({_SEEN}*{_INK})?$"
MAYBE_NAME_PATTERN: Final = f"^({_INK}({_SEEN}*{_INK})?)?$"
REASON_PATTERN: Final = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
YEAR_PATTERN: Final = r"^(199[0-9]|2[01][0-9]{2})-"
TEXT_PATTERN: Final = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Strict(BaseModel):
    """Every body's base. Lists, never tuples: JSON has no other."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def clean(text: str) -> str:
    """Normal form C, without characters that nobody can see or type.

    Raises
    ------
    ValueError
        For a control character, half of a surrogate pair, or white space at an end.
    """
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    for sign in text:
        kind = unicodedata.category(sign)
        if kind in {"Cc", "Cs"}:
            raise ValueError(f"U+{ord(sign):04X} cannot stand in a name")
    if text != text.strip():
        raise ValueError("white space at an end; remove it")
    return unicodedata.normalize("NFC", text)


def printable(text: str) -> str:
    """As `clean`, but with line ends."""
    for sign in text:
        if unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t":
            raise ValueError(f"U+{ord(sign):04X} cannot stand in a text")
    return unicodedata.normalize("NFC", text)


def reason(text: str) -> str:
    """As `printable`, and not blank."""
    if not text.strip():
        raise ValueError("a reason says something")
    return printable(text)


def _only_text(value: Any) -> Any:
    """Text that begins as a day does: a bare number would be read as seconds since 1970."""
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("a moment or a day is text, such as 2026-11-20T14:00:00Z or 2026-11-20")
    return value


def _possible(moment: datetime) -> datetime:
    if not 1990 <= moment.year <= 2199:
        raise ValueError("the year lies outside 1990 to 2199")
    return moment


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME),
    AfterValidator(clean),
    Field(json_schema_extra={"pattern": NAME_PATTERN}),
]
"""An id or key: an order, an item, a node, a service."""
MaybeName = Annotated[
    str,
    StringConstraints(max_length=LONGEST_NAME),
    AfterValidator(clean),
    Field(json_schema_extra={"pattern": MAYBE_NAME_PATTERN}),
]
Text = Annotated[
    str,
    StringConstraints(max_length=LONGEST_TEXT),
    AfterValidator(printable),
    Field(json_schema_extra={"pattern": TEXT_PATTERN}),
]
"""What a person writes, such as a reason."""
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(reason),
    Field(json_schema_extra={"pattern": REASON_PATTERN}),
]
Units = Annotated[int, Field(ge=0, le=MOST_UNITS, description="Units, whole")]
SomeUnits = Annotated[int, Field(ge=1, le=MOST_UNITS, description="Units, whole, at least one")]
Cents = Annotated[int, Field(ge=0, le=MOST_CENTS, description="Cents of the network's currency, whole")]
AnyCents = Annotated[
    int, Field(ge=-MOST_CENTS, le=MOST_CENTS, description="Cents, whole; negative where money comes in")
]
Moment = Annotated[
    AwareDatetime,
    Field(strict=False, description="RFC 3339 with a zone", json_schema_extra={"pattern": YEAR_PATTERN}),
    BeforeValidator(_only_text, json_schema_input_type=AwareDatetime),
    AfterValidator(_possible),
]
Day = Annotated[
    date,
    Field(strict=False, description="ISO 8601 day"),
    BeforeValidator(_only_text, json_schema_input_type=date),
]
