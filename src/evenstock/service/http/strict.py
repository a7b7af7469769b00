"""Request bodies that take nothing for something else: no false for 0, no text for a number, no field nobody knows."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

MOST_UNITS: Final = 1_000_000_000
MOST_CENTS: Final = 1_000_000_000_000
LONGEST_NAME: Final = 200
LONGEST_TEXT: Final = 2_000


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


def _only_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a moment or a day is text, such as 2026-11-20T14:00:00Z or 2026-11-20")  # noqa: TRY004 (pydantic turns it into a place)
    return value


def _possible(moment: datetime) -> datetime:
    if not 1990 <= moment.year <= 2200:
        raise ValueError("the year lies outside 1990 to 2200")
    return moment


Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME), AfterValidator(clean)]
"""An id or key: an order, an item, a node, a service."""
MaybeName = Annotated[str, StringConstraints(max_length=LONGEST_NAME), AfterValidator(clean)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(printable)]
"""What a person writes, such as a reason."""
Reason = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), AfterValidator(printable)]
Units = Annotated[int, Field(ge=0, le=MOST_UNITS, description="Units, whole")]
SomeUnits = Annotated[int, Field(ge=1, le=MOST_UNITS, description="Units, whole, at least one")]
Cents = Annotated[int, Field(ge=0, le=MOST_CENTS, description="Cents of the network's currency, whole")]
AnyCents = Annotated[
    int, Field(ge=-MOST_CENTS, le=MOST_CENTS, description="Cents, whole; negative where money comes in")
]
Moment = Annotated[
    AwareDatetime,
    Field(strict=False, description="RFC 3339 with a zone"),
    BeforeValidator(_only_text, json_schema_input_type=AwareDatetime),
    AfterValidator(_possible),
]
Day = Annotated[
    date,
    Field(strict=False, description="ISO 8601 day"),
    BeforeValidator(_only_text, json_schema_input_type=date),
]
