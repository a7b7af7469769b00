"""Takes secrets out of whatever is about to be written down: by the name of the field, and by how the text looks.

Nothing here makes it right to log a secret; it is the last fence behind the rule that bodies and headers are never logged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

STARS: Final = "***"
LONGEST: Final = 2_000
"""Characters of one text in a log line."""
_NAMES: Final = re.compile(
    r"(?i)(secret|pepper|passw|token|authorization|cookie|api[-_]?key|credential|signature|private|session$|otp)"
)
_LOOKS: Final = re.compile(
    r"""(?ix)
    \b(?:bearer|basic)\s+[\w.~+/=-]{8,}              # an Authorization header
    | \b(?:ek|es|whsec|sk|pk)_[\w-]{16,}               # our keys and sessions, and those of others that look so
    | \beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*              # a JSON Web Token
    | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)                 # user and password in an address
    | -----BEGIN[^-]{0,40}PRIVATE\ KEY-----.*?(?:-----END[^-]{0,40}-----|\Z)
    """,
    re.DOTALL,
)
_MAYBE: Final = re.compile(r"(?i)[a-z]_[\w-]{8}|earer|asic|eyJ|://|BEGIN")
"""Cheap: whether it is worth a closer look."""
_SHORTEST: Final = 10
_PLAIN: Final = frozenset({int, float, bool, type(None)})


@lru_cache(maxsize=1_024)
def secret_name(name: str) -> bool:
    """Whether a field so named is one of secrets.

    Examples
    --------
    >>> secret_name("oidc_client_secret"), secret_name("Authorization"), secret_name("route")
    (True, True, False)
    """
    return _NAMES.search(name) is not None


def clean(value: Any, name: str = "") -> Any:
    """A copy without secrets, texts cut to a length.

    Examples
    --------
    >>> clean({"pepper": "abc", "why": "postgresql://ana:hunter2@db/books is down"})
    {'pepper': '***', 'why': 'postgresql://***@db/books is down'}
    """
    if type(value) in _PLAIN:
        return value
    if name == "principal":
        # Ours, and the id of a key is no secret although it looks like one.
        return str(value)
    if name and secret_name(name):
        return STARS if value else value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {str(key): clean(one, str(key)) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [clean(one) for one in value]
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    return value


def clean_text(text: str) -> str:
    """Without what looks like a secret.

    Examples
    --------
    >>> clean_text("Authorization: Bearer abcdefgh12345678")
    'Authorization: ***'
    """
    # `str()` shows a Secret as stars; its own characters are never looked at.
    found = str(text)
    if len(found) >= _SHORTEST and _MAYBE.search(found):
        found = _LOOKS.sub(STARS, found)
    return found if len(found) <= LONGEST else f"{found[:LONGEST]}… ({len(found):,} characters)"
