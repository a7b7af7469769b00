"""Live quotes for audit: reading a reply, proposing samples over a million parcels, and how much money six hours of calls check."""

from __future__ import annotations

import importlib.util
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from benchmarks.harness import clock, report
from tests.carriers import made

from evenstock.carriers import ups, usps
from evenstock.freight.rates import RateBook
from evenstock.operations.audit_rates import propose_audit
from evenstock.operations.call_quota import Bucket

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SERVICES = ("usps:ground_advantage", "usps:priority_mail", "ups:ground", "ups:2nd_day_air", "fedex:home_delivery")
PARCELS = 1_000_000
NODES = 10
AREAS = 896
RUNS = 6
"""Audits of a morning: one an hour."""


def rate_book(rng: np.random.Generator) -> RateBook:
    """Five services, zones 2 to 8, breaks at each pound; all cards of 1 January."""
    began = datetime(2026, 1, 1, tzinfo=UTC).date()
    pounds = [round(lb * 453.59237) for lb in range(1, 71)]
    rates = [
        (service, began, zone, grams, round((600 + 90 * zone + 40 * lb) * (1 + 0.3 * k)))
        for k, service in enumerate(SERVICES)
        for zone in range(2, 9)
        for lb, grams in enumerate(pounds, start=1)
    ]
    chart = [(f"{900 + o:03d}", f"{a:03d}", int(rng.integers(2, 9))) for o in range(NODES) for a in range(AREAS)]
    return RateBook.from_frames(
        rate_cards=pl.DataFrame({"service": SERVICES, "valid_from": [began] * 5, "fuel_bp": [0, 0, 1850, 1850, 1900]}),
        rates=pl.DataFrame(rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"),
        zones=pl.DataFrame(chart, schema=["origin_zip3", "destination_zip3", "zone"], orient="row"),
    )


def four_weeks(rng: np.random.Generator) -> pl.DataFrame:
    """A million parcels: areas by a long tail, weights lognormal about 1.4 kg, three in four by two services."""
    area = np.minimum(rng.zipf(1.3, PARCELS) - 1, AREAS - 1)
    began = NOW.date() - timedelta(days=27)
    return pl.DataFrame(
        {
            "parcel": np.char.add("P", np.arange(PARCELS).astype(str)),
            "service": np.array(SERVICES)[rng.choice(5, PARCELS, p=(0.40, 0.07, 0.35, 0.03, 0.15))],
            "origin_postal_code": np.char.add((900 + rng.integers(0, NODES, PARCELS)).astype(str), "01"),
            "destination_postal_code": [
                f"{a:03d}{z:02d}" for a, z in zip(area, rng.integers(0, 40, PARCELS), strict=True)
            ],
            "residential": rng.random(PARCELS) < 0.9,
            "weight_g": np.clip(np.exp(rng.normal(np.log(1_400), 0.9, PARCELS)), 30, 30_000).astype(np.int64),
            "day": rng.integers(0, 28, PARCELS),
        }
    ).select(pl.exclude("day"), shipped_on=pl.lit(began) + pl.duration(days=pl.col("day")))


def covered(sent: pl.DataFrame, book: RateBook, rng: np.random.Generator) -> tuple[float, float]:
    """Share of USPS's weekly money whose stratum was asked for within six hours, dearest first and by parcels drawn at random."""
    usps_only = sent.filter(pl.col("service").str.starts_with("usps:"))
    everything = propose_audit(usps_only, book, {"usps": 10**9}, on=NOW.date()).proposed
    total = everything["cents_a_week"].sum()
    asked: pl.DataFrame | None = None
    bucket, calls = Bucket.full("usps", usps.QUOTA, NOW), 0
    for hour in range(RUNS):
        at = NOW + timedelta(hours=hour)
        allowed = bucket.calls(at)
        plan = propose_audit(usps_only, book, {"usps": allowed}, on=NOW.date(), asked=asked)
        bucket, calls = bucket.take(len(plan.samples), at), calls + len(plan.samples)
        said = plan.proposed.with_columns(asked_on=pl.lit(NOW.date()), answered=pl.lit(value=True))
        asked = said if asked is None else pl.concat([asked, said])
    assert asked is not None
    keys = ["service", "zone", "tier", "residential"]
    # The same number of calls, each for a parcel drawn at random: heavy strata are drawn again and again.
    weights = everything["parcels"].to_numpy() / everything["parcels"].sum()
    drawn = np.unique(rng.choice(everything.height, calls, p=weights))
    ours = everything.join(asked, on=keys, how="semi")["cents_a_week"].sum() / total
    return float(ours), float(everything[drawn]["cents_a_week"].sum() / total)


def best_of(call: object, times: int = 200) -> float:
    """Least microseconds of a call, by wall."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        call()  # type: ignore[operator]
        best = min(best, time.perf_counter() - began)
    return best * 1e6


def main() -> None:
    rng = np.random.default_rng(20)
    body = made.ups_rates()
    figures: dict[str, float] = {"carrier_reply_us": best_of(lambda: ups.rates(body))}
    if importlib.util.find_spec("karrio") is not None:
        from evenstock.carriers import Access, Account, open_carrier

        gateway = open_carrier(
            "through_karrio", Access(Account("A1B2C3", "x", "y"), options={"gateway": "ups"})
        ).gateway
        from karrio import lib
        from karrio.providers.ups.rate import parse_rate_response

        one = made.ups_rates()
        negotiated = one["RateResponse"]["RatedShipment"][0]["NegotiatedRateCharges"]
        (negotiated["BaseServiceCharge"],) = negotiated["BaseServiceCharge"]
        figures["carrier_reply_karrio_us"] = best_of(
            lambda: parse_rate_response(lib.Deserializable(one, lambda x: x, {"origin": "US"}), gateway.settings)
        )
    book, sent = rate_book(rng), four_weeks(rng)
    with clock() as taken:
        plan = propose_audit(sent, book, {"usps": 8, "ups": 25, "fedex": 50}, on=NOW.date())
    figures |= {"audit_propose_1m_s": taken.wall_s, "audit_propose_1m_cpu_s": taken.cpu_s}
    print(
        f"{len(plan.samples)} samples of {plan.proposed.height + plan.left_out.height} rows; first: {plan.samples[0].because}"
    )
    ours, drawn = covered(sent, book, rng)
    figures |= {"audit_money_checked_6h": ours, "audit_money_checked_6h_random": drawn}
    report(
        "freight",
        figures,
        [
            "carrier_reply_us: one UPS reply of one service read into charges, unread fields counted; beside karrio's reader",
            "audit_money_checked_6h: share of USPS's weekly charges whose stratum is asked for within six runs, an hour apart, at 60 calls an hour",
        ],
    )


if __name__ == "__main__":
    main()
