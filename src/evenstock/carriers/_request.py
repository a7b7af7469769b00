"""What is sent to a carrier, before anyone sends it: data without secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One question to a carrier. It changes nothing there, so that it may be asked again."""

    method: Literal["GET", "POST"]
    path: str
    """Below the carrier's address, beginning with a slash."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Never a secret: the wire adds what proves who asks."""
    json: object = None
    api: str = ""
    """Which of the carrier's addresses, where it has several."""

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"the path {self.path!r} does not begin with a slash")
        secret = {name for name in self.headers if name.lower() in {"authorization", "dhl-api-key", "x-api-key"}}
        if secret:
            raise ValueError(f"{', '.join(sorted(secret))}: a request carries no secret; the wire adds it")


def fingerprint(*parts: object) -> str:
    """32 characters that follow from what is asked: the same question has the same name."""
    said = json.dumps(parts, sort_keys=True, default=str).encode()
    return hashlib.sha256(said).hexdigest()[:32]


def pounds(weight_g: int, step: str = "0.1") -> Decimal:
    """Pounds, rounded up to a step; a whole gram stands for up to half a gram less, so 454 g is one pound, not 1.1.

    Examples
    --------
    >>> pounds(454), pounds(500), pounds(4536)
    (Decimal('1.0'), Decimal('1.2'), Decimal('10.0'))
    """
    exact = (Decimal(weight_g) - Decimal("0.5")) / Decimal("453.59237")
    return max(Decimal(step), exact.quantize(Decimal(step), ROUND_CEILING))


def inches(length_mm: int) -> int:
    """Whole inches, rounded up as carriers do; a whole millimetre stands for up to half a millimetre less.

    Examples
    --------
    Twelve inches are 304.8 mm, which a data sheet says as 305.

    >>> inches(305), inches(306), inches(1)
    (12, 13, 1)
    """
    return max(1, int(((Decimal(length_mm) - Decimal("0.5")) / Decimal("25.4")).to_integral_value(ROUND_CEILING)))
