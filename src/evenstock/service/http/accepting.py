"""Which media type a caller takes (`Accept`, RFC 9110 section 12.5.1)."""

from __future__ import annotations

from collections.abc import Collection

from evenstock.service.http.problems import Problem


def takes(accept: str | None, media_type: str) -> bool:
    """Whether an answer of this type may be given.

    Examples
    --------
    >>> takes("text/*, application/json;q=0.5", "application/json"), takes("application/json;q=0, */*", "application/json")
    (True, False)
    """
    if not accept or accept in {"*/*", media_type}:
        return True
    wanted = media_type.partition(";")[0].strip().lower()
    kind = wanted.partition("/")[0]
    best: tuple[int, float] = (-1, 0.0)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        rank = {wanted: 2, f"{kind}/*": 1, "*/*": 0}.get(name, -1)
        if rank > best[0]:
            best = (rank, _quality(parameters))
    return best[0] >= 0 and best[1] > 0


def require_acceptable(accept: str | None, offered: Collection[str]) -> None:
    """Raise Problem where the caller takes none of what is offered."""
    if not any(takes(accept, one) for one in offered):
        raise Problem(
            "not_acceptable",
            f"the answer is {' or '.join(sorted(offered))}",
            hint="name one of these in Accept, or */*",
        )


def _quality(parameters: Collection[str]) -> float:
    said = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return float(said)
    except ValueError:
        return 1.0
