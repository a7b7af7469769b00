"""A report in one file: opens in any browser without a network, prints on paper, and has a table behind each plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with what it is compared with."""

    label: str
    value: str
    note: str = ""
    good: bool | None = None
    """True or False colours the note; None leaves it plain."""


@dataclass(frozen=True, slots=True)
class Table:
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    """Columns set flush right."""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, one sentence that says what to see, then plots and tables."""

    title: str
    lead: str
    plots: Sequence[tuple[str, str]] = ()
    """(SVG text, what it shows in words for those who cannot see it)."""
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    subtitle: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    warnings: Sequence[str] = ()
    provenance: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """Digests, versions and seed: what is needed to make the same report again."""


def render(report: Report) -> str:
    """The report as one HTML page; everything from outside is escaped, plots stand inline as SVG."""
    environment = Environment(
        loader=PackageLoader("evenstock.cli"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plots = {id(s): [(Markup(svg), words) for svg, words in s.plots] for s in report.sections}  # noqa: S704 (our own SVG)
    return environment.get_template("report.html.j2").render(report=report, plots=plots, id=id)


def write(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report), "utf-8")
