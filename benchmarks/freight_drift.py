"""Invoices with known drifts: false alarms a year, days until a drift is found, and how well it is measured and priced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from benchmarks.harness import clock, report

from evenstock.freight.drift import Cause, Drift, Series, billed, drifts, parts, series_of

FIRST = date(2025, 1, 6)
DAYS = 364
SERVICES = 24
CHARGES = ("residential", "delivery area", "additional handling")
DUE = (0.75, 0.2, 0.04)
CENTS = (425, 560, 2600)
FUEL = 0.155
SEEDS = 5
SHIFT_DAY = 182


@dataclass(frozen=True)
class Bills:
    """How one brand's parcels are quoted and billed."""

    parcels_a_day: float = 30.0
    """Of a service, on each of five days a week; busy services twice, quiet ones a third of it."""
    reweighed: float = 0.15
    """Share billed by another weight than ours; heavy-tailed, as often lighter as heavier."""
    rezoned: float = 0.01
    misjudged: float = 0.02
    """Share on which a surcharge comes or stays away against our expectation."""
    strange: float = 0.003
    """Share with a charge that no card knows."""
    shock: float = 0.0
    """Standard deviation by which all bills of a service and day are off together."""
    told: bool = True
    """Whether invoices say the weight and zone they billed; without them a parcel weighed anew looks like another rate."""


def brand(seed: int, bills: Bills, drift: tuple[str, float] | None) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Invoice lines, quotes three times, and parcels; a drift of a charge begins on day `SHIFT_DAY` for every third service."""
    rng = np.random.default_rng(seed)
    day, service = [], []
    for s in range(SERVICES):
        rate = bills.parcels_a_day * (2.0, 1.0, 1.0, 1 / 3)[s % 4]
        for d in range(DAYS):
            if d % 7 < 5:
                n = rng.poisson(rate * rng.gamma(20, 1 / 20))
                day += [d] * n
                service += [s] * n
    day_, service_ = np.array(day), np.array(service)
    n = day_.size
    weight = np.minimum(rng.lognormal(0.7, 0.8, n), 60.0)
    zone = rng.integers(2, 9, n)

    def base(kg: np.ndarray, z: np.ndarray) -> np.ndarray:
        return 820 + 55 * (z - 2) + 60 * np.ceil(kg)

    again = rng.random(n) < bills.reweighed
    heavier = np.where(again, weight * rng.lognormal(0.0, 0.5, n) + (rng.random(n) < 0.05) * rng.pareto(2.0, n), weight)
    further = np.where(rng.random(n) < bills.rezoned, np.clip(zone + rng.integers(-1, 3, n), 2, 8), zone)
    billed_base, quoted = base(heavier, further), base(weight, zone)
    weighed, zoned = (base(heavier, zone), billed_base) if bills.told else (quoted, quoted)
    shifted = (day_ >= SHIFT_DAY) & (service_ % 3 == 1)
    moved = lambda name: 1.0 + (drift[1] if drift and drift[0] == name else 0.0) * shifted  # noqa: E731
    parcel = np.array([f"P{k}" for k in range(n)])
    together = np.exp(rng.normal(0.0, bills.shock, (SERVICES, DAYS)))[service_, day_] if bills.shock else 1.0
    bill = {"base": np.rint(billed_base * moved("base") * together)}
    quote = {"base": (quoted, weighed, zoned)}
    for name, due, cents in zip(CHARGES, DUE, CENTS, strict=True):
        ours = rng.random(n) < due
        theirs = np.where(rng.random(n) < bills.misjudged * due, ~ours, ours)
        bill[name] = np.rint(theirs * cents * moved(name))
        quote[name] = (ours * cents,) * 3
    bill["fuel"] = np.rint(bill["base"] * FUEL * moved("fuel"))
    quote["fuel"] = tuple(np.rint(one * FUEL) for one in (quoted, weighed, zoned))
    bill["address correction"] = (rng.random(n) < bills.strange) * 2100.0
    if drift and drift[0] == "demand surcharge":
        bill["demand surcharge"] = shifted * np.rint(drift[1] * billed_base)
    # Invoices come on the Saturday after the week.
    invoiced = (day_ // 7) * 7 + 5
    dates = np.array([FIRST + timedelta(days=d) for d in range(DAYS + 7)], dtype="datetime64[D]")
    lines = [
        pl.DataFrame({"parcel": parcel[on], "charge": charge, "invoice": [f"I{s}-{d}" for s, d in zip(service_[on], invoiced[on], strict=True)], "cents": cents[on].astype(np.int64)})
        for charge, cents in bill.items()
        for on in [cents != 0]
    ]  # fmt: skip
    quotes = [
        pl.DataFrame({"parcel": parcel[on], "charge": charge} | {k: v[on].astype(np.int64) for k, v in zip(("quoted", "weighed", "zoned"), three, strict=True)})
        for charge, three in quote.items()
        for on in [three[0] + three[1] + three[2] != 0]
    ]  # fmt: skip
    parcels = pl.DataFrame(
        {
            "parcel": parcel,
            "service": [f"c{s % 4}:s{s}" for s in service_],
            "shipped_on": dates[day_],
            "known_on": dates[invoiced],
        }
    )
    return pl.concat(lines), pl.concat(quotes), parcels


@dataclass(frozen=True)
class Found:
    drifts: list[Drift]
    by_hand: dict[tuple[str, str, str], list[date]]
    """What a careful spreadsheet would flag, by series: Mondays of weeks beyond three standard errors and half a percent."""
    series: int
    truth: dict[str, tuple[float, float]]
    """By service that drifts: share and cents a week by which its bills truly differ since the shift."""
    parcels: dict[str, int]


def found(seed: int, bills: Bills, drift: tuple[str, float] | None) -> Found:
    invoices, quotes, parcels = brand(seed, bills, drift)
    # Every card knows every surcharge, on whatever parcel it comes.
    names = pl.DataFrame({"charge": ["base", *CHARGES]})
    known = parcels.select("parcel").join(names, how="cross").with_columns(fuelled=pl.col("charge") == "base")
    split = parts(billed(invoices), quotes, known)
    charges = quotes.select("parcel", "charge", pl.col("zoned").alias("cents")).with_columns(
        fuel=pl.when(pl.col("charge") == "base").then((pl.col("cents") * FUEL).round().cast(pl.Int64)).otherwise(0)
    )
    series = series_of(split, parcels, charges)
    return Found(
        drifts(series, year=2025),
        {(one.service, one.charge, one.cause): _flagged(one) for one in series},
        len(series),
        _truth(invoices, quotes, parcels, drift),
        dict(parcels.group_by("service").len().iter_rows()),
    )


def _flagged(one: Series) -> list[date]:
    """Weeks in which the readable rule calls a drift, those that follow a flagged one left out."""
    week = np.array([day - timedelta(days=day.weekday()) for day in one.first], dtype="datetime64[D]")
    found, before = [], None
    for monday in np.unique(week):
        own = week == monday
        quoted, off, spread = one.quoted[own].sum(), one.off[own].sum(), one.spread[own].sum()
        if abs(off) > 0.005 * quoted and abs(off) > 3 * spread**0.5:
            if before is None or monday - before > np.timedelta64(7, "D"):
                found.append(monday.astype(object))
            before = monday
    return found


def _truth(
    invoices: pl.DataFrame, quotes: pl.DataFrame, parcels: pl.DataFrame, drift: tuple[str, float] | None
) -> dict[str, tuple[float, float]]:
    """What bills and quotes differ by in truth since the shift: as a share of the charge with its fuel, and in cents a week."""
    if drift is None:
        return {}
    begun = FIRST + timedelta(days=SHIFT_DAY)
    names = ["base", "fuel"] if drift[0] == "base" else [drift[0]]
    late = parcels.filter(
        (pl.col("shipped_on") >= begun) & (pl.col("service").str.split("s").list.last().cast(pl.Int64) % 3 == 1)
    )
    bill = (
        invoices.join(late, on="parcel")
        .filter(pl.col("charge").is_in(names))
        .group_by("service")
        .agg(pl.col("cents").sum())
    )
    quote = (
        quotes.join(late, on="parcel")
        .group_by("service")
        .agg(
            pl.col("zoned").filter(pl.col("charge").is_in(names)).sum().alias("own"), pl.col("zoned").sum().alias("all")
        )
    )
    weeks = (DAYS - SHIFT_DAY) / 7
    return {
        service: ((cents - own) / (all_ if drift[0] == "demand surcharge" else own), (cents - own) / weeks)
        for service, cents, own, all_ in bill.join(quote, on="service").iter_rows()
    }


def quiet(bills: Bills, name: str) -> dict[str, float]:
    """Years in which nothing drifts."""
    alarms, series, flags = 0, 0, 0
    for seed in range(SEEDS):
        one = found(100 + seed, bills, None)
        alarms, series = alarms + len(one.drifts), series + one.series
        flags += sum(len(mondays) for mondays in one.by_hand.values())
        for drift in one.drifts:
            print(f"  false: {drift.sentence}", flush=True)
    a_year = 200 * alarms / series * 365 / DAYS
    by_hand = 200 * flags / series * 365 / DAYS
    print(
        f"{name}: {alarms} false alarms in {series:,} series-years: {a_year:.2f} a year over 200 series, where one is allowed;"
        f" a week beyond three standard errors and half a percent would be called {by_hand:,.0f} times",
        flush=True,
    )
    return {f"drift_false_a_year_{name}": a_year, f"drift_by_hand_false_a_year_{name}": by_hand}


def shifted(bills: Bills, name: str, charge: str, shift: float) -> dict[str, float]:
    """A third of the services, busy and quiet ones, drift from one day on."""
    begun = FIRST + timedelta(days=SHIFT_DAY)
    days, errors, money, covered, missed, false, hand = [], [], [], [], 0, 0, []
    for seed in range(2):
        one = found(200 + seed, bills, (charge, shift))
        of = {
            d.service: d
            for d in one.drifts
            if d.charge == charge and d.cause in {Cause.RATE, Cause.UNKNOWN} and d.service in one.truth
        }
        false += len(one.drifts) - len(of)
        missed += len(one.truth) - len(of)
        cause = "unknown" if charge == "demand surcharge" else "rate"
        for service in one.truth:
            later = [day for day in one.by_hand.get((service, charge, cause), []) if day >= begun]
            hand.append((later[0] - begun).days + 5 if later else DAYS)
        for service, drift in of.items():
            days.append((drift.found_on - begun).days)
            level, cents = one.truth[service]
            money.append(drift.cents_a_week / cents - 1)
            errors.append(drift.level - level)
            covered.append(drift.low <= level <= drift.high)
    if not days:
        return {}
    print(
        f"{name} {charge} {shift:+.0%}: found after {np.median(days):.0f} days in the middle, {np.quantile(days, 0.9):.0f} in nine of"
        f" ten, {missed} of {missed + len(days)} missed, {false} others told (by hand {np.median(hand):.0f} days); level off by {np.median(np.abs(errors)):.2%}, interval"
        f" holds it {np.mean(covered):.0%}; money off by {np.median(np.abs(money)):.1%}",
        flush=True,
    )
    key = f"drift_{name}_{round(100 * shift)}pc"
    return {f"{key}_days": float(np.median(days)), f"{key}_days_p90": float(np.quantile(days, 0.9)), f"{key}_missed": float(missed),
            f"{key}_level_error": float(np.median(np.abs(errors))), f"{key}_money_error": float(np.median(np.abs(money)))}  # fmt: skip


def main() -> None:
    figures: dict[str, float] = {}
    told = Bills()
    untold = replace(told, told=False)
    with clock() as taken:
        one = found(1, told, None)
    print(
        f"a year of {sum(one.parcels.values()):,} parcels, {one.series} series: {taken.cpu_s:.1f} s CPU with making them"
    )
    figures["drift_year_s"] = taken.cpu_s
    for name, bills in (("told", told), ("untold", untold)):
        figures |= quiet(bills, name)
        for shift in (0.02, 0.04, 0.08):
            figures |= shifted(bills, name, "base", shift)
    shaken = replace(untold, shock=0.02)
    figures |= quiet(shaken, "shaken") | shifted(shaken, "shaken", "base", 0.04)
    figures |= shifted(told, "told_unknown", "demand surcharge", 0.04)
    report("freight", figures)


if __name__ == "__main__":
    main()
