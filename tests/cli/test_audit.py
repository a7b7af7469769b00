"""What a person types to learn who did what, and to prove it to somebody who trusts nobody."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.cli.commands import run, told
from tests.operations import stocked

from evenstock.cli.audit.show import _value
from evenstock.cli.screen import Exit
from evenstock.storage.migrate import engine_for


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVENSTOCK_HOME", str(tmp_path / "home"))
    for name in ("DATABASE", "AUDIT_FOLDER", "AUDIT_KEY"):
        monkeypatch.delenv(f"EVENSTOCK_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tables"
    folder.mkdir()
    tables = {"nodes": stocked.NODES, "items": stocked.ITEMS, "stock": stocked.stock([("MUG", "TX", 60)])}
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    run("import", str(folder), "--as-of", "2026-06-23T06:00:00Z")
    return tmp_path


def test_the_log_says_which_user_changed_what_at_the_command_line(home: Path) -> None:
    found = told("audit", "show", "network")

    assert found["kind"] == "thing"
    who = found["done"][-1]["who"]
    assert who == {"id": f"user:{getpass.getuser()}", "kind": "user", "through": "cli"}
    assert found["based_on"]["pointer:network"]
    assert "Who or what did it" in run("audit", "show", "network")


def test_a_page_says_what_a_decision_ships_on_which_data() -> None:
    ships = [{"node": "TX", "service": "ups:ground", "lines": [["MUG", 3]]}]
    assert _value("ships", ships) == "node TX, service ups:ground, lines MUG, 3"
    assert _value("data", {"network": "sha256:1", "stock": ""}) == "network sha256:1, stock none"
    empty: list[object] = [{}, [], "", None]
    assert [_value("data", nothing) for nothing in empty] == ["none"] * 4
    assert _value("sentence", "x" * 200) == "x" * 200
    assert _value("cents", 0) == "$0.00"


def test_what_nobody_knows_is_not_found(home: Path) -> None:
    run("audit", "show", "X-99", code=Exit.NOT_FOUND)
    run("audit", "prove", "X-99", "--out", "proof.zip", code=Exit.NOT_FOUND)
    assert not Path("proof.zip").exists()


def test_the_log_is_sealed_outside_the_books_and_verified(home: Path) -> None:
    sealed = told("audit", "checkpoint")
    assert sealed["new"]
    assert sealed["size"] > 0
    assert not told("audit", "checkpoint")["new"]
    assert told("audit", "verify")["wrong"] == []
    assert (home / "home" / "audit" / "checkpoints" / f"{sealed['size']:016}.checkpoint").is_file()


def test_folder_and_key_lie_where_the_environment_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENSTOCK_AUDIT_FOLDER", str(home / "elsewhere"))
    monkeypatch.setenv("EVENSTOCK_AUDIT_KEY", str(home / "vault" / "key"))
    told("audit", "checkpoint")

    assert len(list((home / "elsewhere").glob("*.checkpoint"))) == 1
    assert (home / "vault" / "key").is_file()
    assert (home / "elsewhere" / "public-key.txt").read_text().strip() == told("audit", "key")["key"]
    (home / "vault" / "key").chmod(0o644)
    run("audit", "key", code=Exit.REFUSED_INPUT)


def test_an_auditor_verifies_the_pack_with_the_program_in_it(home: Path) -> None:
    told("audit", "checkpoint")
    key = told("audit", "key")["key"]
    run("audit", "export", "--out", "pack.zip")
    run("audit", "prove", "network", "--out", "proof.zip")
    run("audit", "export", "--out", "pack.zip", code=Exit.REFUSED_INPUT)
    with zipfile.ZipFile("pack.zip") as pack:
        Path("verify.py").write_bytes(pack.read("verify.py"))

    for name in ("pack.zip", "proof.zip"):
        done = subprocess.run(
            [sys.executable, "-I", "verify.py", name, "--key", key], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing is wrong")


def test_books_that_were_tampered_with_need_attention(home: Path) -> None:
    told("audit", "checkpoint")
    engine = engine_for(f"sqlite:///{home / 'home' / 'evenstock.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_row_no_update"))
        connection.execute(sa.text("UPDATE audit_row SET said = replace(said, 'user:', 'boss:') WHERE number = 1"))
    engine.dispose()

    (wrong,) = told("audit", "verify", code=Exit.NEEDS_ATTENTION)["wrong"]
    assert "stream 0, row 1: it is not what was written" in wrong


def test_what_was_executed_is_judged_again_here_and_from_a_pack(home: Path) -> None:
    assert told("audit", "evaluate")["lawful"]
    assert "every executed action was lawful" in run("audit", "evaluate")
    run("audit", "export", "--out", "pack.zip")
    assert told("audit", "evaluate", "--pack", "pack.zip")["checked"]["policies put in force"] == 1
    with zipfile.ZipFile("pack.zip") as pack:
        assert {"evaluate.py", "verify.py", "README.txt"} <= set(pack.namelist())
        assert any(name.startswith("policies/") for name in pack.namelist())
        pack.extract("evaluate.py")
    alone = subprocess.run(
        [sys.executable, "-I", "evaluate.py", "pack.zip"], check=False, capture_output=True, text=True
    )
    assert alone.returncode == 0, alone.stdout
    Path("none.zip").write_bytes(b"nothing")
    run("audit", "evaluate", "--pack", "none.zip", code=Exit.REFUSED_INPUT)


def test_a_restored_backup_is_a_gap_that_the_doctor_names_until_it_is_acknowledged(home: Path) -> None:
    told("audit", "checkpoint")
    run("audit", "acknowledge-gap", "--by", "ana", "--because", "none", code=Exit.NOT_FOUND)
    books = home / "home" / "evenstock.db"
    assert books.is_file(), list((home / "home").iterdir())
    shutil.copy(books, home / "backup.db")
    run("rules", "propose", "--by", "ana", "--because", "x", str(rules(home)))
    told("audit", "checkpoint")
    shutil.copy(home / "backup.db", books)

    run("audit", "checkpoint", code=Exit.NEEDS_ATTENTION)
    assert "acknowledge-gap" in run("doctor", code=Exit.NEEDS_ATTENTION).replace("\n", "")
    done = told("audit", "acknowledge-gap", "--by", "ana", "--because", "the disk broke")
    assert done["superseded"] == 1
    verified = told("audit", "verify")
    assert verified["wrong"] == []
    assert any(one.startswith("GAP") for one in verified["seen"])
    assert "acknowledge-gap" not in run("doctor", code=Exit.NEEDS_ATTENTION).replace("\n", "")


def rules(home: Path) -> Path:
    path = home / "house.rules"
    path.write_text("policy house\nrule open: active\n")
    return path
