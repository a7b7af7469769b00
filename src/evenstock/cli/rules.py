"""`evenstock rules`: what the rules say, whether they are sound, and which version counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from evenstock import policy as kinds
from evenstock.bootstrap import Workspace
from evenstock.cli.default_command import group
from evenstock.cli.opening import workspace
from evenstock.cli.rules_effective import effective
from evenstock.cli.rules_simulate import simulate
from evenstock.cli.screen import Exit, fail, moment, page, say, table
from evenstock.domain import Policy, Refuse
from evenstock.operations.network import policy_from_frames
from evenstock.operations.rulebook import (
    Version,
    activate_rules,
    check_rules,
    history,
    network_frames,
    proposals,
    propose_rules,
    recent_sample,
    roll_back_rules,
    rules_in_force,
    version_of,
)
from evenstock.operations.rulebook_told import deed_told, finding_told, pattern, placed, text_form, version_told
from evenstock.policy import text
from evenstock.policy.lint import Finding

app = typer.Typer(cls=group("show"), help="The rules: read, check, put in force, take back.")
app.command()(effective)
app.command()(simulate)
_By = Annotated[str, typer.Option("--by", help="Who does this.")]
_Because = Annotated[str, typer.Option("--because", help="Why.")]
_AsOf = Annotated[str | None, typer.Option(help="The moment it is; now by default.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
_Orders = Annotated[int, typer.Option("--orders", min=0, help="Latest imported orders to try the rules on.")]


@app.command()
def show(
    version: Annotated[str | None, typer.Argument(help="A version; without it, what is in force.")] = None,
    json: _Json = False,
) -> None:
    """The rules in force, in the form in which they are written."""
    with workspace() as opened:
        found = version_of(opened.store, opened.snapshots, version) if version else _in_force(opened)
        said = found.text if found else text.write(policy_from_frames(network_frames(opened.store, opened.snapshots)))
    if json:
        say({"version": found.id if found else None, "text": said, "by": found.by if found else None})
        return
    origin = f"version {found.id}, proposed by {found.by}: {found.because}" if found else "as imported, or the default"
    page.print(f"[dim]# {escape(origin)}[/]", soft_wrap=True)
    page.print(said.rstrip("\n"), markup=False, soft_wrap=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Rules as text.")], as_of: _AsOf = None, json: _Json = False
) -> None:
    """Whether the rules of a file can be read and used here; nothing is kept."""
    _judge(file, 0, as_of, json=json)


@app.command()
def lint(
    file: Annotated[Path | None, typer.Argument(help="Rules as text; without it, those in force.")] = None,
    orders: _Orders = 500,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Look for contradictions, gaps, and rules that change nothing; ends with 5 where there are some."""
    _judge(file, orders, as_of, json=json)


@app.command()
def propose(
    file: Annotated[Path, typer.Argument(help="Rules as text.")],
    by: _By,
    because: _Because,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Keep the rules of a file as a version, without putting it in force."""
    with workspace() as opened:
        version = propose_rules(opened.store, opened.snapshots, _read(file), by=by, because=because, now=moment(as_of))
    if json:
        say({"version": version.id, "rules": len(version.policy.rules)})
        return
    page.print(f"version [bold]{version.id}[/] is kept; `evenstock rules activate {version.id}` puts it in force")


@app.command()
def activate(
    what: Annotated[str, typer.Argument(metavar="FILE|VERSION", help="Rules as text, or a version proposed before.")],
    by: _By,
    because: _Because,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Although its law contradicts itself, or nobody tried it first; it stays on record."
        ),
    ] = False,
    as_of: _AsOf = None,
    json: _Json = False,
) -> None:
    """Put rules in force from now on; ends with 3 and changes nothing where they are refused."""
    now = moment(as_of)
    with workspace() as opened:
        file = Path(what)
        if file.is_file():
            version = propose_rules(opened.store, opened.snapshots, _read(file), by=by, because=because, now=now)
        else:
            version = version_of(opened.store, opened.snapshots, what)
        done = activate_rules(opened.store, opened.snapshots, version.id, by=by, because=because, now=now, force=force)
    refused = done.checked.verdict.because if isinstance(done.checked.verdict, Refuse) else ""
    if json:
        say(
            {
                "activated": done.activation is not None,
                "version": version.id,
                "refused": placed(refused, version.text),
                "findings": [finding_told(finding) for finding in done.checked.findings],
            }
        )
    if done.activation is None:
        if json:
            raise typer.Exit(int(Exit.REFUSED_INPUT))
        fail(Exit.REFUSED_INPUT, escape(placed(refused, version.text)))
    if json:
        return
    _show_findings(done.checked.findings)
    if done.simulated is not None:
        page.print(f"tried before: {escape(done.simulated.sentence)}", soft_wrap=True)
    page.print(f"version [bold]{version.id}[/] is in force: {escape(done.activation.because)}", soft_wrap=True)


@app.command()
def rollback(by: _By, because: _Because, as_of: _AsOf = None, json: _Json = False) -> None:
    """Return to the rules before these, in one step; in the end to the imported table."""
    with workspace() as opened:
        deed = roll_back_rules(opened.store, opened.snapshots, by=by, because=because, now=moment(as_of))
    if json:
        say({"version": deed.version or None})
        return
    page.print(f"[bold]{deed.version or 'the imported table'}[/] is in force again", soft_wrap=True)


@app.command("history")
def past(json: _Json = False) -> None:
    """Every version ever proposed, and what was put in force when, by whom and why."""
    with workspace() as opened:
        deeds, versions = history(opened.store, opened.snapshots), proposals(opened.store, opened.snapshots)
    if json:
        say({"proposed": [version_told(v) for v in versions], "deeds": [deed_told(deed) for deed in deeds]})
        return
    if not versions:
        page.print("no rules were proposed here; the imported table, or the default policy, is in force")
        return
    rows = [(v.id, f"{v.at:%Y-%m-%d %H:%M}", str(len(v.policy.rules)), v.by, v.because) for v in versions]
    page.print(table("proposed", ("version", "at", "rules", "by", "because"), rows, frozenset({2})))
    if deeds:
        lines = [
            (
                d.version or "imported",
                d.deed.replace("_", " ") + (", forced" if d.forced else ""),
                f"{d.at:%Y-%m-%d %H:%M}",
                d.by,
                d.because,
            )
            for d in deeds
        ]
        page.print(table("in force", ("version", "", "from", "by", "because"), lines))


@app.command()
def explain(
    kind: Annotated[str | None, typer.Argument(help="A kind of rule; without it, all of them.")] = None,
) -> None:
    """How rules are written: the form, every kind with what it takes, and the conditions."""
    every = {k.name: k for k in kinds.describe()}
    if kind is not None and kind not in every:
        fail(Exit.NOT_FOUND, f"there is no kind {escape(repr(kind))}; there is {', '.join(every)}")
    if kind is None:
        page.print(text_form(), markup=False)
        for one in every.values():
            page.print(f"[bold]{one.name}[/]  {escape(_first(one.about))}", soft_wrap=True)
        page.print("\n[dim]`evenstock rules explain KIND` tells more of one[/]")
        return
    page.print(f"[bold]{kind}[/]\n{escape(every[kind].about)}\n", soft_wrap=True)
    page.print(pattern(every[kind]), markup=False, soft_wrap=True)


def _judge(file: Path | None, orders: int, as_of: str | None, *, json: bool) -> None:
    now = moment(as_of)
    with workspace() as opened:
        words, meant = _words(opened, file)
        sample = recent_sample(opened.store, opened.snapshots, now, orders) if orders else []
        checked = check_rules(meant, network_frames(opened.store, opened.snapshots), now.date(), sample)
    wrong = checked.verdict.because if isinstance(checked.verdict, Refuse) else ""
    if json:
        say(
            {
                "usable": checked.usable,
                "sound": not wrong,
                "orders": len(sample),
                "problems": placed(wrong, words).splitlines() if not checked.usable else [],
                "findings": [finding_told(finding) for finding in checked.findings],
            }
        )
    elif checked.usable:
        _show_findings(checked.findings)
        tried = f", tried on {len(sample):,} orders" if sample else ""
        page.print(f"{len(meant.rules)} rules, {len(checked.findings)} findings{tried}")
    if not checked.usable:
        if json:
            raise typer.Exit(int(Exit.REFUSED_INPUT))
        fail(Exit.REFUSED_INPUT, escape(placed(wrong, words)))
    if checked.findings:
        raise typer.Exit(int(Exit.NEEDS_ATTENTION))


def _words(opened: Workspace, file: Path | None) -> tuple[str, Policy]:
    if file is not None:
        words = _read(file)
        try:
            return words, text.parse(words)
        except text.PolicyTextError as wrong:
            fail(Exit.REFUSED_INPUT, escape(f"{file}:\n{wrong}"))
    found = _in_force(opened)
    if found is not None:
        return found.text, found.policy
    return "", policy_from_frames(network_frames(opened.store, opened.snapshots))


def _in_force(opened: Workspace) -> Version | None:
    with opened.store.reading() as books:
        return rules_in_force(books, opened.snapshots)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        fail(Exit.REFUSED_INPUT, escape(f"{file} cannot be read as text: {trouble}"))


def _show_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        colour = "red" if finding.law else "yellow"
        page.print(f"[{colour}]{finding.fault.replace('_', ' ')}:[/] {escape(finding.sentence)}", soft_wrap=True)
        if finding.evidence:
            page.print(f"    [dim]such as {escape(finding.evidence)}[/]", soft_wrap=True)
        page.print(f"    {escape(finding.advice)}", soft_wrap=True)


def _first(about: str) -> str:
    return about.split("\n\n", maxsplit=1)[0].replace("\n", " ")
