"""`evenstock rates`: take in, check, quote, hold against invoices, correct, refresh."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.cli.commands import run, told
from tests.operations.rates.brand import NEW, OLD, card, network, rates, residential, sent_and_billed
from tests.operations.rates.test_live_quotes import audited

from evenstock.bootstrap import open_workspace
from evenstock.connectors.files import write_folder
from evenstock.settings import Settings

TODAY = "2026-06-01"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    write_folder(network(), tmp_path / "brand")
    run("import", str(tmp_path / "brand"))
    return tmp_path


def files(folder: Path, frames: Mapping[str, pl.DataFrame]) -> str:
    write_folder(dict(frames), folder)
    return str(folder)


NEXT = {"rate_cards": card(day=NEW), "rates": rates(day=NEW, times=1.06), "surcharges": residential(NEW)}


def quoted(*words: str, code: int = 0) -> dict[str, Any]:
    return told("rates", "quote", "TX", "75201", "--weight", "900g", *words, code=code)


def test_a_folder_of_rates_is_taken_in_and_its_largest_changes_are_listed(home: Path) -> None:
    brought = files(home / "next", NEXT)

    done = told("rates", "import", brought, "--as-of", TODAY)

    assert done["taken"] == {"rate_cards": 1, "rates": 12, "surcharges": 1}
    assert done["changes"][0]["share"] == pytest.approx(0.06, abs=0.001)
    assert quoted("--on", "2026-07-05")["quotes"][0]["cents"] == 930
    assert quoted("--on", "2026-07-06")["quotes"][0]["cents"] == 986
    assert "nothing new" in run("rates", "import", brought, "--as-of", TODAY)


def test_a_cell_that_cannot_be_read_is_named_by_file_row_and_column(home: Path) -> None:
    folder = home / "bad"
    files(folder, NEXT)
    text = (folder / "rates.csv").read_text("utf-8").splitlines()
    text[3] = text[3].rsplit(",", 1)[0] + ",nan"
    (folder / "rates.csv").write_text("\n".join(text), "utf-8")

    done = told("rates", "import", str(folder), "--as-of", TODAY, code=3)

    assert done["problems"][0].startswith("rates.csv row 4, column cents, value 'nan'")
    assert quoted("--on", "2026-07-06")["quotes"][0]["cents"] == 930
    attention = told("rates", "check", "--as-of", TODAY, code=5)
    assert "bad of 2026-06-01 23:59 UTC was refused: rates.csv row 4" in attention["rates"][-1]["stale"]


def test_a_doubt_is_accepted_by_a_person_with_a_reason(home: Path) -> None:
    steep = files(home / "steep", NEXT | {"rates": rates(day=NEW, times=1.3)})

    page = run("rates", "import", steep, "--as-of", TODAY, code=3)
    done = told("rates", "import", steep, "--as-of", TODAY, "--accept", "new contract", "--by", "Ann")

    assert "its 12 changed rates move by +30.0% in the middle" in page
    assert "--accept REASON --by NAME" in page
    assert done["taken"] == {"rate_cards": 1, "rates": 12, "surcharges": 1}


def test_rates_that_are_fresh_need_nobody_and_old_ones_do(home: Path) -> None:
    assert told("rates", "check", "--as-of", TODAY)["attention"] == 0
    old = told("rates", "check", "--as-of", "2027-03-01", code=5)

    assert old["rates"][0]["stale"] == "ups:ground: its rate card is 420 days old; ask the carrier for this year's"
    assert "All rates are fresh" in run("rates", "check", "--as-of", TODAY)


def test_a_quote_tells_every_term_and_why_a_service_cannot_go(home: Path) -> None:
    more = {
        "rate_cards": card("lso:ground", pickup_days="12345"),
        "rates": rates("lso:ground").filter(pl.col("zone") < 4),
    }
    run("rates", "import", files(home / "lso", more), "--as-of", TODAY, "--accept", "regional", "--by", "Ann")

    near = quoted("--on", TODAY, "--home", "--size", "12x10x4in")
    sunday = quoted("--on", "2026-06-07")
    far = told("rates", "quote", "75201", "10001", "--weight", "2lb", "--on", TODAY)

    assert [q["service"] for q in near["quotes"]] == ["lso:ground", "ups:ground"]
    assert near["quotes"][1]["terms"] == {"base": 930, "fuel": 0, "residential": 400}
    assert near["sides_mm"] == [305, 254, 102]
    assert sunday["cannot"] == {"lso:ground": "it does not pick up on Sunday, 2026-06-07"}
    assert far["cannot"] == {"lso:ground": "it does not go to zone 5"}
    assert far["weight_g"] == 908, "a fraction of a gram counts whole"
    assert "zone" in run("rates", "quote", "TX", "75201", "--weight", "900g", "--on", TODAY)


def test_a_stale_quote_is_marked_and_none_at_all_is_told(home: Path) -> None:
    assert home
    stale = quoted("--on", "2027-03-01", code=5)
    nowhere = told("rates", "quote", "TX", "99999", "--weight", "1kg", "--on", TODAY, code=5)

    assert "420 days old" in stale["quotes"][0]["stale"]
    assert nowhere["quotes"] == []
    assert "no zone is known from 75201 to 99999" in nowhere["cannot"]["ups:ground"]


def test_a_parcel_goes_to_a_node_by_its_name_as_to_its_postal_code(home: Path) -> None:
    assert home
    named = told("rates", "quote", "10001", "TX", "--weight", "900g", "--on", TODAY, code=5)
    assert named["to"] == "75201"
    assert quoted("--on", TODAY) == told("rates", "quote", "TX", "TX", "--weight", "900g", "--on", TODAY)


def test_a_node_that_is_not_there_is_a_wrong_call_with_those_that_are(home: Path) -> None:
    assert home
    run("rates", "quote", "DALLAS", "75201", "--weight", "1kg", code=2)


@pytest.mark.parametrize("words", [("--weight", "heavy"), ("--weight", "1kg", "--size", "12x10"), ("--weight", "0kg")])
def test_what_is_no_weight_or_box_is_a_wrong_call(home: Path, words: tuple[str, ...]) -> None:
    assert home
    run("rates", "quote", "TX", "75201", *words, code=2)


def test_from_invoices_to_a_correction_and_its_end(home: Path) -> None:
    brought = sent_and_billed()
    taken = told("rates", "import", files(home / "bills", brought), "--as-of", TODAY)
    assert taken["taken"]["invoices"] == brought["invoices"].height
    as_of = (OLD + timedelta(days=140)).isoformat()

    found = told("rates", "drift", "--as-of", as_of, "--plot", str(home / "drift.svg"), code=5)

    [drift] = found["drifts"]
    assert drift["sentence"].startswith("ups:ground residential +5.0 % since 16 March, $1")
    assert drift["drift"] in run("rates", "drift", "--as-of", as_of, code=5)
    assert "<svg" in (home / "drift.svg").read_text("utf-8")
    page = run("rates", "drift", "--adopt", drift["drift"], "--by", "Ann", "--as-of", as_of)
    assert f"From {as_of} to " in page
    assert quoted("--on", as_of, "--home")["quotes"][0]["terms"]["correction: residential"] == 20
    ages = told("rates", "check", "--as-of", as_of)["rates"]
    assert [age["name"] for age in ages if age["kind"] == "correction"] == [f"{drift['drift']} ups:ground residential"]
    ended = told("rates", "drift", "--end", drift["drift"], "--by", "Ben", "--because", "paid back", "--as-of", as_of)
    assert ended["ended_because"] == "ended by Ben: paid back"
    assert "correction: residential" not in quoted("--on", as_of, "--home")["quotes"][0]["terms"]


def test_a_source_is_followed_fetched_when_due_and_told_when_it_fails(home: Path) -> None:
    folder = home / "inbox"
    run("rates", "source", "add", "ups", str(folder), "--weekly", "tuesday", "--as-of", "2026-05-01")

    assert "run `evenstock rates refresh`" in run("rates", "check", "--as-of", TODAY, code=5)
    assert any("new rates are there" in one["what"] for one in told("doctor", "--as-of", TODAY, code=5)["advice"])
    assert "is not there" in run("rates", "refresh", "--as-of", TODAY, code=5)
    files(folder, NEXT)
    done = told("rates", "refresh", "ups", "--as-of", TODAY)
    assert done["refreshed"][0]["rows"] == {"rate_cards": 1, "rates": 12, "surcharges": 1}
    assert told("rates", "source", "list", "--as-of", TODAY)["sources"][0]["due_since"] is None
    assert told("rates", "check", "--as-of", TODAY)["attention"] == 0
    run("rates", "source", "drop", "ups")
    run("rates", "source", "add", "x", str(folder), "--weekly", "someday", code=2)


def test_without_a_network_or_a_table_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))

    run("rates", "check", code=4)
    run("rates", "import", files(tmp_path / "next", NEXT), code=3)
    run("rates", "import", str(tmp_path / "nowhere"), code=3)
    (tmp_path / "empty").mkdir()
    run("rates", "import", str(tmp_path / "empty"), code=3)


def test_drift_by_live_quotes_is_told_apart_on_screen_and_in_json(home: Path) -> None:
    """Parcels without invoices, and audits whose quotes to homes rise by 20 cents on the seventieth day."""
    run("rates", "import", files(home / "sent", {"parcels": sent_and_billed()["parcels"]}), "--as-of", TODAY)
    with open_workspace(Settings.load()) as opened:
        audited(opened.store, opened.snapshots)
    as_of = (OLD + timedelta(days=140)).isoformat()

    found = told("rates", "drift", "--as-of", as_of, "--plot", str(home / "drift.svg"), code=5)

    [drift] = found["drifts"]
    assert (drift["source"], found["parcels"]) == ("quoted live", 0)
    assert found["quoted_live"] > 400
    assert "<svg" in (home / "drift.svg").read_text("utf-8")
    screen = run("rates", "drift", "--as-of", as_of, code=5)
    assert f"0 parcels invoiced and {found['quoted_live']} quoted live by {as_of}" in screen
    assert f"{drift['parcels']} live quotes; ask the carrier for the card it quotes by" in screen
    assert "the latest four weeks, quoted live" in screen
    assert "asked beyond" in screen

    run("rates", "import", files(home / "bills", {"invoices": sent_and_billed(rise=1.0)["invoices"]}), "--as-of", TODAY)
    said = run("rates", "drift", "--as-of", as_of)
    assert "parcels invoiced since then speak for what is billed, not" in said
