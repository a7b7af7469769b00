"""Several processes under one: replaced when they die, not in a spin; stopped with it, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only")

HEAD = """
import os, signal, sys, time
from pathlib import Path
from evenstock.service import processes
from evenstock.service.processes import Processes, Work, alone, apart
here = Path.cwd()
def note(name):
    with (here / name).open("a") as to:
        to.write(f"{os.getpid()} {time.monotonic()}\\n")
"""
SERVING = """
def serves():
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    note("started")
    while not stop:
        time.sleep(0.02)
    note("finished")
"""


@contextmanager
def parent(folder: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    with (folder / "out").open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", HEAD + code], cwd=folder, stdout=out, stderr=out, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def notes(folder: Path, name: str) -> list[tuple[int, float]]:
    path = folder / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [(int(pid), float(at)) for pid, at in (line.split() for line in lines if line.count(" ") == 1)]


def until(true: Callable[[], bool], folder: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, (folder / "out").read_text()
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_who_dies_is_replaced_and_all_finish_when_told(tmp_path: Path) -> None:
    code = SERVING + "places = Processes([Work('one', serves)] * 2, leave_s=20)\n"
    code += "for place in places._places: place.pause = 0.05\nplaces.run()"
    with parent(tmp_path, code) as process:
        until(lambda: len(notes(tmp_path, "started")) == 2, tmp_path)
        first, other = (pid for pid, _ in notes(tmp_path, "started"))
        os.kill(first, signal.SIGKILL)
        until(lambda: len(notes(tmp_path, "started")) == 3, tmp_path)
        third = notes(tmp_path, "started")[2][0]
        assert alive(other)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (tmp_path / "out").read_text()
    assert {pid for pid, _ in notes(tmp_path, "finished")} == {other, third}


def test_what_cannot_start_is_tried_ever_more_seldom(tmp_path: Path) -> None:
    """After 0.2, 0.4, 0.8 s: what fails at once must not take the machine from what works beside it."""
    code = """
def fails():
    note("started")
    raise OSError("the books cannot be opened")
places = Processes([Work("one", fails)], leave_s=20)
for place in places._places:
    place.pause = 0.2
places.run()
"""
    with parent(tmp_path, code) as process:
        until(lambda: len(notes(tmp_path, "started")) == 4, tmp_path)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    at = [moment for _, moment in notes(tmp_path, "started")]
    waits = [later - sooner for sooner, later in pairwise(at)]
    assert all(wait >= least for wait, least in zip(waits, (0.2, 0.4, 0.8), strict=True)), waits
    assert "the books cannot be opened" in (tmp_path / "out").read_text()


def test_who_does_not_leave_is_ended(tmp_path: Path) -> None:
    code = """
def stays():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("started")
    time.sleep(600)
Processes([Work("one", stays)], leave_s=0.5).run()
"""
    with parent(tmp_path, code) as process:
        until(lambda: len(notes(tmp_path, "started")) == 1, tmp_path)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert not alive(notes(tmp_path, "started")[0][0])


def test_who_says_nothing_is_ended_and_replaced(tmp_path: Path) -> None:
    """A stopped process answers nobody, and does not die by itself."""
    code = "processes.SILENT_S = 1.5\nprocesses.BEAT_S = 0.1\n" + SERVING
    code += "places = Processes([Work('one', serves)], leave_s=20)\nplaces._places[0].pause = 0.05\nplaces.run()"
    with parent(tmp_path, code) as process:
        until(lambda: len(notes(tmp_path, "started")) == 1, tmp_path)
        os.kill(notes(tmp_path, "started")[0][0], signal.SIGSTOP)
        until(lambda: len(notes(tmp_path, "started")) == 2, tmp_path)
        first, second = (pid for pid, _ in notes(tmp_path, "started"))
        assert not alive(first)
        assert alive(second)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize("bound", [True, False], ids=["told by the kernel", "told by the silence"])
def test_they_leave_when_their_parent_is_killed(tmp_path: Path, bound: bool) -> None:
    code = SERVING + "places = Processes([Work('one', serves)] * 2, leave_s=20)\n"
    code += "" if bound else "places._bind = None\n"
    with parent(tmp_path, code + "places.run()") as process:
        until(lambda: len(notes(tmp_path, "started")) == 2, tmp_path)
        process.kill()
        until(lambda: len(notes(tmp_path, "finished")) == 2, tmp_path)


def test_what_became_another_program_is_watched_too(tmp_path: Path) -> None:
    code = """
def becomes():
    note("started")
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"])
places = Processes([Work("one", becomes, beats=False)], leave_s=20)
places._places[0].pause = 0.05
processes.SILENT_S = 0.2
places.run()
"""
    with parent(tmp_path, code) as process:
        until(lambda: len(notes(tmp_path, "started")) == 1, tmp_path)
        time.sleep(1)
        assert len(notes(tmp_path, "started")) == 1, "it says nothing, and nobody expects it to"
        os.kill(notes(tmp_path, "started")[0][0], signal.SIGKILL)
        until(lambda: len(notes(tmp_path, "started")) == 2, tmp_path)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not alive(notes(tmp_path, "started")[1][0])


def test_nothing_is_forked_from_a_process_with_threads(tmp_path: Path) -> None:
    code = """
import threading
assert alone()
going = threading.Event()
threading.Thread(target=going.wait, daemon=True).start()
assert not alone()
try:
    Processes([Work("one", lambda: note("started"))], leave_s=1).run()
except RuntimeError as refused:
    note("refused")
"""
    with parent(tmp_path, code) as process:
        assert process.wait(20) == 0, (tmp_path / "out").read_text()
    assert len(notes(tmp_path, "refused")) == 1
    assert not notes(tmp_path, "started")


def test_what_is_tried_apart_is_told_here_and_leaves_nothing_behind(tmp_path: Path) -> None:
    code = """
import threading
def well():
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    note("done")
def refused():
    raise FileNotFoundError("there is no such place, cafe\\u0301")
def broken():
    raise KeyError("a bug")
apart(well, (OSError,))
assert alone()
try:
    apart(refused, (ValueError, OSError))
except OSError as told:
    assert str(told) == "there is no such place, cafe\\u0301", told
    note("told")
try:
    apart(broken, (ValueError, OSError))
except RuntimeError as told:
    note("ended")
"""
    with parent(tmp_path, code) as process:
        assert process.wait(20) == 0, (tmp_path / "out").read_text()
    assert [len(notes(tmp_path, name)) for name in ("done", "told", "ended")] == [1, 1, 1]
    assert "a bug" in (tmp_path / "out").read_text()
