"""`evenstock rates complete-zones`: a chart for every pair of areas, learned from the charts a carrier gave."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenstock.cli.opening import company, workspace
from evenstock.cli.screen import Exit, fail, page, progress, say
from evenstock.operations.complete_zones import complete_zones


def command(
    out: Annotated[Path | None, typer.Option(help="File to write the whole chart to, ready to import.")] = None,
    seed: Annotated[int, typer.Option(help="Of the pairs that are kept apart to judge by.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Find from which point a carrier reckons each postal area, and fill the chart in. Changes nothing; import the file to use it."""
    with workspace() as opened, progress(quiet=json) as shown:
        shown.add_task("fitting the points of postal areas", total=None)
        try:
            found = complete_zones(company(opened), seed=seed)
        except ValueError as error:
            fail(Exit.REFUSED_INPUT, str(error))
    if out is not None:
        found.zones.write_csv(out)
    if json:
        told = found.foretold
        say(
            {"pairs": found.zones.height, "added": found.added, "held_out_pairs": told.pairs, "equal_share": told.equal,
             "within_one_share": told.within_one, "sentence": found.sentence}
        )  # fmt: skip
        return
    page.print(found.sentence, soft_wrap=True)
    page.print(
        f"[dim]written to {out}; put it in place of zones.csv[/]" if out else "[dim]--out FILE writes the chart[/]"
    )
