"""`evenstock rates audit`: what would be asked, and what carriers said against our rates."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import typer
from tests.carriers import made
from tests.carriers.office import Office
from tests.cli.commands import run
from tests.operations.rates.brand import network
from typer.testing import CliRunner

from evenstock.cli.rates import audit
from evenstock.connectors.files import write_folder

TODAY = "2026-03-02"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A brand with one parcel of 0.9 kg to zone 4, and UPS on this machine."""
    sent = pl.DataFrame(
        {
            "parcel": ["P-1"],
            "service": ["ups:ground"],
            "origin_postal_code": ["75201"],
            "destination_postal_code": ["90001"],
            "residential": [True],
            "shipped_on": [date(2026, 2, 27)],
            "weight_g": [900],
        }
    )
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    write_folder({**network(), "parcels": sent}, tmp_path / "brand")
    run("import", str(tmp_path / "brand"))
    opened = Office()
    for name, value in {"CLIENT_ID": "id-5f1d", "CLIENT_SECRET": "secret-9c3e7", "ADDRESS": opened.address}.items():
        monkeypatch.setenv(f"EVENSTOCK_UPS_{name}", value)
    yield opened
    opened.close()


def asked(*words: str, code: int) -> str:
    app = typer.Typer()
    app.command()(audit.command)
    result = CliRunner().invoke(app, [*words, "--as-of", TODAY])

    assert result.exit_code == code, result.output + str(result.exception)
    assert "secret-9c3e7" not in result.output
    return result.stdout


def test_without_ask_it_shows_what_would_be_asked_and_asks_nobody(office) -> None:
    said = asked(code=0)

    assert "would ask ups:ground zone 4: 1 such parcels in 28 days" in said
    assert office.asked == []


def test_what_is_off_is_shown_by_charge_and_needs_attention(office) -> None:
    office.will(200, {"access_token": "t", "expires_in": 3600})
    office.will(200, made.ups_rates())

    found = json.loads(asked("--ask", "--json", code=5))

    # Ours to zone 4: 9.00 + 2.00 + 0.30 a kilogram of the first step = 11.30, residential 4.00. Theirs 6.58 + 1.18 + 5.95.
    off = {row["charge"]: (row["our_cents"], row["off_cents"]) for row in found["off"]}
    assert off == {"base": (1130, 658 - 1130), "residential": (400, 195), "fuel": (0, 118)}


def test_a_second_audit_of_the_same_day_finds_all_checked(office) -> None:
    office.will(200, {"access_token": "t", "expires_in": 3600})
    office.will(200, made.ups_rates())
    first = asked("--ask", code=5)
    second = asked("--ask", code=0)

    assert "they ask more by" in first
    assert "0 parcels were asked for in 0 calls" in second
    assert len(office.asked) == 2


def test_without_keys_it_says_which_to_set(office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENSTOCK_UPS_CLIENT_ID")
    monkeypatch.delenv("EVENSTOCK_UPS_CLIENT_SECRET")

    said = asked(code=0)

    assert "set EVENSTOCK_USPS_CLIENT_ID" in said
    assert "nobody asks ups live" in said
