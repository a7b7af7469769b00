"""The checks on a real tariff: nothing of it is wrong, and what is slipped into it is found."""

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from evenstock.freight.checking import check_rates

pytestmark = pytest.mark.real_data
US = (
    Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[3] / "../shared")) / "data/us/usps_notice123_2025_10"
)
OCTOBER, JANUARY = date(2025, 10, 5), date(2026, 1, 18)

if not US.exists():
    pytest.skip("the real US rates are not on this machine", allow_module_level=True)


def priority_mail(day: date, times: float = 1.0, name: str = "priority_mail") -> dict[str, pl.DataFrame]:
    table = pl.read_csv(US / f"usps_{name}_retail.csv")
    grams = (pl.col("max_weight_oz") * 28.349523125).floor().cast(pl.Int64)
    rates = (
        table.with_columns(max_weight_g=grams)
        .unique("max_weight_g", keep="first", maintain_order=True)
        .drop("max_weight_oz")
        .unpivot(index="max_weight_g", variable_name="zone", value_name="dollars")
        .select(
            service=pl.lit("usps:priority_mail"),
            valid_from=pl.lit(day),
            zone=pl.col("zone").str.strip_prefix("zone_").cast(pl.Int64),
            max_weight_g="max_weight_g",
            cents=(100 * times * pl.col("dollars")).round().cast(pl.Int64),
        )
    )
    card = {
        "service": ["usps:priority_mail"],
        "valid_from": [day],
        "dim_divisor_mm3_per_g": [5997],
        "max_weight_g": [31_751],
    }
    return {"rate_cards": pl.DataFrame(card), "rates": rates}


@pytest.mark.parametrize("name", ["priority_mail", "ground_advantage"])
def test_nothing_of_a_published_tariff_is_wrong_or_doubtful(name: str) -> None:
    first = check_rates(priority_mail(OCTOBER, name=name), {}, OCTOBER)

    assert [str(finding) for finding in (*first.wrong, *first.doubtful)] == []
    assert first.frames["rates"].height > 500


def test_a_general_increase_of_5_percent_passes_with_its_changes_listed() -> None:
    before = check_rates(priority_mail(OCTOBER), {}, OCTOBER).frames

    after = check_rates(priority_mail(JANUARY, 1.05), before, OCTOBER)

    assert [str(finding) for finding in (*after.wrong, *after.doubtful)] == []
    assert after.changes.height == before["rates"].height


@pytest.mark.parametrize("factor", [0.1, 0.5, 0.9, 1.1, 1.5, 10.0])
def test_a_cell_that_is_off_by_a_tenth_or_a_digit_is_found(factor: float) -> None:
    before = check_rates(priority_mail(OCTOBER), {}, OCTOBER).frames
    tables = priority_mail(JANUARY, 1.05)
    found = 0
    cells = range(7, tables["rates"].height, tables["rates"].height // 20)
    for cell in cells:
        cents = tables["rates"]["cents"].to_list()
        cents[cell] = round(cents[cell] * factor)
        after = check_rates(tables | {"rates": tables["rates"].with_columns(cents=pl.Series(cents))}, before, OCTOBER)
        found += bool(after.wrong or after.doubtful)

    # A tenth is found where it breaks the order of weights or zones; more than a third always.
    assert found / len(cells) >= (0.9 if 0.75 < factor < 1.35 else 1.0)
