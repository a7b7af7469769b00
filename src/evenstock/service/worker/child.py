"""The process that does one heavy run; started by `apart`, told on standard input what to do."""

from __future__ import annotations

import importlib
import json
import os
import threading
from pathlib import Path
from typing import Any, Final, cast

from evenstock.operations.audit.who import acting, working_for
from evenstock.operations.runs.keeping import run_named
from evenstock.operations.runs.taking import LostRunError, Taken
from evenstock.service.configuration import Configuration
from evenstock.service.worker.family import Job
from evenstock.service.worker.one_run import because_of, for_good, work_here
from evenstock.service.worker.workplace import Workplace
from evenstock.settings import Settings

POLITE: Final = 10
"""Added to the niceness: orders come first."""
_ORPHANED: Final = 3


def main() -> None:
    # What libraries print goes to the log; the answer alone to our parent.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    wish = json.loads(_line())
    _limited(wish)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    at = Workplace.open(Settings(Path(wish["home"]), wish["database"]), Configuration.load())
    try:
        said = _answer(at, wish)
    finally:
        at.store.close()
    answer.write(json.dumps(said, default=str).encode())
    answer.close()


def _answer(at: Workplace, wish: dict[str, Any]) -> dict[str, Any]:
    with at.store.reading() as books:
        run = run_named(books, wish["run"])
    if run is None:
        return {"lost": f"run {wish['run']} is gone"}
    try:
        job = cast("Job", importlib.import_module(wish["module"]))
        with acting(working_for(run.by)):
            return {"result": dict(work_here(at, Taken(run, wish["token"], wish["holder"]), job, lambda: False))}
    except LostRunError as lost:
        return {"lost": str(lost)}
    except MemoryError:
        return {"failed": f"it took more than {wish['memory_mb']:,} MB of memory", "for_good": False}
    except Exception as error:  # noqa: BLE001 (whatever a job raises is why its run failed)
        return {"failed": because_of(error), "for_good": for_good(error)}


def _limited(wish: dict[str, Any]) -> None:
    """Be polite, and let the system end us where our parent cannot: at so much time of processors."""
    try:
        import resource
    except ImportError:
        return
    os.nice(POLITE)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = wish["cpu_s"]
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def _line() -> bytes:
    """The first line of standard input, read past every buffer: whoever waits for its end must hold no lock when we leave."""
    found = bytearray()
    while (sign := os.read(0, 1)) not in {b"", b"\n"}:
        found += sign
    return bytes(found)


def _leave_with_parent() -> None:
    """Nothing more comes on standard input: when it ends, our parent is gone, and with it who would hear us."""
    while os.read(0, 1):
        pass
    os._exit(_ORPHANED)


if __name__ == "__main__":
    main()
