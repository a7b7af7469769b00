"""After the restore of an older backup: the gap is reported, a person says why, and checkpoints go on; nobody can hide it."""

import shutil
import threading
import zipfile
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.reliability.deeds import NOW, fill, routed

from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.audit.checkpoint import BrokenLogError, GapError, broken, seal
from evenstock.operations.audit.gap import ABOUT, acknowledge_gap
from evenstock.operations.audit.rows import audit_of
from evenstock.operations.audit.standing import keep_trouble, trouble
from evenstock.service.telemetry.audit_metrics import WatchingAudit
from evenstock.service.worker.duties import audit as duty
from evenstock.storage import open_store
from evenstock.storage.audit_evidence.pack import write_pack
from evenstock.storage.audit_evidence.verify import verify
from evenstock.storage.audit_folder import AuditFolder

WHY = "the disk of the 19th broke;\n  restored what was backed up at noon"


class Books:
    def __init__(self, place):
        self.place = place
        self.folder = AuditFolder(place / "checkpoints", place / "key")
        self.open()
        fill(self.store)

    def open(self):
        self.store = AuditedStore(open_store(f"sqlite:///{self.place / 'books.db'}"))

    def sealed(self, *orders):
        for order in orders:
            routed(self.store, order)
        return seal(self.store, self.folder)

    def restore(self):
        self.store.close()
        shutil.copy(self.place / "backup.db", self.place / "books.db")
        self.open()

    def pack(self):
        path = self.place / f"pack-{len(list(self.place.glob('*.zip')))}.zip"
        with self.store.reading() as books, path.open("wb") as file:
            write_pack(file, audit_of(books), self.folder)
        return path

    def verified(self, copies=None):
        return verify(str(self.pack()), self.folder.key.public, str(copies) if copies else None)


@pytest.fixture
def books(tmp_path):
    """Two checkpoints, a backup, two checkpoints more, and the backup in the place of the books."""
    here = Books(tmp_path)
    here.sealed("A-1")
    here.kept = here.sealed("A-2", "A-3")
    here.store.close()
    shutil.copy(tmp_path / "books.db", tmp_path / "backup.db")
    here.open()
    here.sealed("A-4")
    here.last = here.sealed("A-5", "A-6")
    shutil.copytree(here.folder.folder, tmp_path / "copies")
    here.restore()
    yield here
    here.store.close()


def test_the_gap_is_reported_until_somebody_says_why(books):
    with pytest.raises(GapError, match="a backup was restored"):
        books.sealed()
    with books.store.reading() as reading:
        assert "older than the checkpoint" in broken(audit_of(reading), books.folder.latest())
    gap = acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    assert (gap.holds, len(gap.superseded)) == (books.kept.size, 2)
    assert gap.missing == books.last.size - books.kept.size
    assert books.sealed("B-1").size > books.kept.size
    with books.store.reading() as reading:
        assert broken(audit_of(reading), books.folder.latest()) == ""
    with pytest.raises(GapError, match="there is no gap"):
        acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)


def test_every_verification_tells_of_the_gap(books):
    acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    books.sealed("B-1")
    for copies in (None, books.place / "copies"):
        wrong, seen = books.verified(copies)
        assert wrong == []
        (told,) = [one for one in seen if one.startswith("GAP")]
        assert "by ana: the books went back to an older state; 2 checkpoints" in told
        assert told.endswith("the disk of the 19th broke; restored what was backed up at noon")
    with zipfile.ZipFile(books.pack()) as pack:
        assert sum(name.startswith("superseded/") for name in pack.namelist()) == 2


def test_without_the_note_whoever_kept_copies_sees_what_is_missing(books):
    acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    books.sealed("B-1")
    shutil.rmtree(books.folder.folder / "gaps")
    shutil.rmtree(books.folder.folder / "superseded")
    assert books.verified()[0] == []
    assert any("are gone" in one or "root" in one for one in books.verified(books.place / "copies")[0])


def test_a_note_that_was_changed_is_found(books):
    acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    ((path, note),) = books.folder.gaps()
    path.write_bytes(note.replace(b"broke", b"burnt"))
    wrong, _ = books.verified()
    assert any("it is not signed by" in one for one in wrong)


def test_rows_that_took_the_place_of_those_missing_are_acknowledged_too(books):
    """Work went on after the restore before anybody looked: the log has grown past its last checkpoint."""
    for n in range(8):
        routed(books.store, f"B-{n}")
    with pytest.raises(BrokenLogError):
        books.sealed()
    gap = acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    assert gap.missing == 0
    assert len(gap.superseded) == 2
    books.sealed()
    assert books.verified(books.place / "copies")[0] == []


def test_cut_short_it_is_done_by_saying_it_again(books, monkeypatch):
    def fails(*_):
        raise OSError("no room")

    monkeypatch.setattr(AuditFolder, "set_aside", fails)
    with pytest.raises(OSError, match="no room"):
        acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    monkeypatch.undo()
    acknowledge_gap(books.store, books.folder, "ben", WHY, NOW + timedelta(minutes=1))
    assert len(books.folder.gaps()) == 1
    books.sealed()
    assert books.verified()[0] == []


def test_the_log_says_who_acknowledged_it_and_none_of_his_words(books):
    with pytest.raises(ValueError, match="say who"):
        acknowledge_gap(books.store, books.folder, "ana", "  ", NOW)
    acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    with books.store.reading() as reading:
        (row,) = audit_of(reading).audit_about([ABOUT], 10)
    assert '"did":"acknowledge_gap"' in row.said
    assert "disk" not in row.said


def test_what_stands_against_sealing_is_kept_once(books):
    for said in ("cut off", "cut off", "", ""):
        keep_trouble(books.store, said)
        with books.store.reading() as reading:
            assert trouble(reading) == said
    with books.store.reading() as reading:
        assert len(audit_of(reading).audit_about(["audit_standing:sealing"], 10)) == 2


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_the_last_row_about_each_of_several_things_up_to_a_moment(kind, request, tmp_path):
    place = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path / 'other.db'}"}
    store = AuditedStore(open_store(place[kind] if kind in place else request.getfixturevalue("postgres_url")))
    moments = []
    for k in range(3):
        for name in ("network", "forecast"):
            with store.transaction() as t:
                t.point(name, f"sha256:{name}{k}", NOW)
        with store.reading() as t:
            moments.append(t.clock())
        # A clock of milliseconds: what comes next is later.
        threading.Event().wait(0.005)
    with store.reading() as t:
        last = audit_of(t).audit_last(["pointer:forecast", "pointer:none", "pointer:network"], moments[1])
        assert audit_of(t).audit_last(["pointer:network"], moments[0] - timedelta(days=1)) == []
    assert [(row.about, row.said.split('"to":"')[1].split('"')[0]) for row in last] == [
        ("pointer:forecast", "sha256:forecast1"),
        ("pointer:network", "sha256:network1"),
    ]
    store.close()


def test_the_worker_keeps_that_it_cannot_seal_and_metrics_tell_it(books):
    settings = SimpleNamespace(checkpoints=books.place / "checkpoints", signing_key=books.place / "key")
    at = SimpleNamespace(shared=True, store=books.store, settings=settings)
    metrics = WatchingAudit(SimpleNamespace(store=books.store), ticks=iter(range(0, 1_000, 100)).__next__)

    def unsealed():
        return {family.name: family.samples[0].value for family in metrics.collect()}["evenstock_audit_unsealed"]

    with pytest.raises(GapError):
        duty.do(at)
    with books.store.reading() as reading:
        assert "a backup was restored" in trouble(reading)
    assert unsealed() == 1
    acknowledge_gap(books.store, books.folder, "ana", WHY, NOW)
    duty.do(at)
    assert unsealed() == 0
