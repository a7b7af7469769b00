"""The monthly report as one page: what to do first, then tables with every figure's definition and number of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from evenstock.cli.report.drawn import bars, calibrated, shares_of

_BECAME: Final = ("adopted", "edited", "refused", "expired", "overtaken", "waits")
_SAID: Final = {"more than foretold": "off", "less than foretold": "off", "too few to tell": "few", "as foretold": ""}


def monthly_page(document: Mapping[str, Any]) -> str:
    """The page of a document of `simulation.monthly.report`; everything from outside is escaped, and nothing is fetched."""
    environment = Environment(
        loader=PackageLoader("evenstock.cli"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": money, "units": _units, "share": _share, "minutes": _minutes, "off": lambda says: _SAID.get(says, ""),
        "sentence": lambda said: said[:1].upper() + said[1:],
        "code": _code,
    }  # fmt: skip
    return environment.get_template("month.html.j2").render(
        d=document, title=_title(document), became=_BECAME, pictures=_pictures(document), answers=_answers(document)
    )


def _title(document: Mapping[str, Any]) -> str:
    period = document["period"]
    first, last = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
    when = f"{first:%B %Y}" if period["month"] else f"{first} to {last}"
    where = f", {', '.join(document['nodes'])}" if document["nodes"] else ""
    return f"{when}{where}"


def _answers(document: Mapping[str, Any]) -> Sequence[tuple[str, str, str]]:
    """The four questions of the month, answered in a line each."""
    found = []
    told = document["recommendations"]["all"]
    if told is None or not told["count"]:
        found.append(("Was it followed?", "Nothing was recommended to people.", ""))
    else:
        share = (
            "nobody answered yet"
            if told["adoption"] is None
            else f"{100 * told['adoption']:.0f} % adopted as recommended"
        )
        found.append(
            ("Was it followed?", share,
             (f"{told['adopted']:,} adopted, {told['edited']:,} edited, {told['refused']:,} refused of {told['answered']:,}"
              f" answered; {told['expired']:,} nobody answered in time"))
        )  # fmt: skip
    held = [one for one in document["foretold"]["money"] if not one["segment"]]
    off = [one["what"] for one in held if one["says"] in ("more than foretold", "less than foretold")]
    few = [one["what"] for one in held if one["says"] == "too few to tell"]
    said = (
        "Nothing that was foretold is known yet"
        if not held
        else f"off: {', '.join(off)}"
        if off
        else "nothing is surely off"
    )
    found.append(("Did it come as foretold?", said, f"too few to tell: {', '.join(few)}" if few else ""))
    regret = document["regret"]
    if regret is None:
        found.append(("What did it cost too much?", "not measured", ""))
    else:
        each = regret["total"]
        top = max(regret["rows"], key=lambda row: row["cents"])
        share = f"; most of it {top['cause']}" if top["cents"] > 0 else ""
        found.append(
            ("What did it cost too much?", f"{each['cents_an_order'] / 100:,.2f} an order{share}",
             f"{_between(each, 100)} on {regret['judged']:,} of {regret['orders']:,} orders")
        )  # fmt: skip
    if document["money"] is not None:
        paid = document["money"]
        found.append(
            (
                "Did it pay?",
                f"{money(paid['net_cents'])} net" + ("" if paid["net_low"] is not None else ", too few to be sure"),
                paid["break_even"],
            )
        )
    return found


def _pictures(document: Mapping[str, Any]) -> Mapping[str, Markup]:
    found: dict[str, str] = {}
    kinds = document["recommendations"]["by_kind"]
    if kinds:
        found["became"] = shares_of([(row["kind"], [row[name] for name in _BECAME]) for row in kinds], _BECAME)
    points = [
        (one["foretold"], one["on_time"] / one["n"], one["low"], one["high"], one["n"])
        for one in document["foretold"]["delivery"]["bins"]
        if one["n"] and one["says"] != "too few to tell"
    ]
    if points:
        found["calibrated"] = calibrated(points)
    regret = document["regret"]
    if regret is not None:
        found["causes"] = bars(
            [
                (row["cause"], row["cents_an_order"], row["low"], row["high"], f"{row['cents_an_order']:,.1f} ¢")
                for row in regret["rows"]
            ]
        )
    if document["money"] is not None:
        paid = document["money"]
        rows = [
            (one["what"], float(one["cents"]), one["low"], one["high"], money(one["cents"]))
            for one in paid["savings"]
            if one["counts"]
        ]
        rows.append(("running", -float(paid["running_cents"]), None, None, money(-paid["running_cents"])))
        rows.append(("net", float(paid["net_cents"]), paid["net_low"], paid["net_high"], money(paid["net_cents"])))
        found["paid"] = bars(rows)
    names = ("became", "calibrated", "causes", "paid")
    return {name: Markup(found.get(name, "")) for name in names}  # noqa: S704 (our own SVG, its words escaped)


def money(cents: float | None) -> str:
    """Cents as money, rounded to whole cents.

    Examples
    --------
    >>> money(-123456), money(None)
    ('-1,234.56', '')
    """
    if cents is None:
        return ""
    whole = round(cents)
    return f"{'-' if whole < 0 else ''}{abs(whole) / 100:,.2f}"


def _units(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}".removesuffix(".0")


def _code(said: str) -> Markup:
    """What stands between backticks is something to type."""
    parts = [escape(part) for part in said.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def _share(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{100 * value:.{digits}f} %"


def _minutes(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f} min" if value < 120 else f"{value / 60:,.1f} h"


def _between(row: Mapping[str, Any], scale: float) -> str:
    if row["low"] is None:
        return "too few days to tell how sure"
    return f"95 %: {row['low'] / scale:,.2f} to {row['high'] / scale:,.2f}"
