"""One process that serves: built from settings, listening with limits, and leaving in order when it is told to."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from prometheus_client import values

from evenstock.bootstrap import Workspace, open_workspace, system_clock
from evenstock.operations.ports import StoreError
from evenstock.service.access.doorkeeper import Doorkeeper
from evenstock.service.ahead import load_ahead
from evenstock.service.app import create_app
from evenstock.service.company_now import CompanyNow
from evenstock.service.configuration import Configuration, ConfigurationError
from evenstock.service.context import Service
from evenstock.service.processes import Processes, Work, alone, apart
from evenstock.service.safe_defaults import refuse_role, safe
from evenstock.service.slow_clients import IDLE_S, LimitedProtocol
from evenstock.service.telemetry import Telemetry
from evenstock.service.telemetry.logs import start_logging
from evenstock.service.telemetry.metrics import SHARED
from evenstock.service.telemetry.tracing import Tracing
from evenstock.service.worker_beside import WorkerBeside, become_worker
from evenstock.settings import Settings
from evenstock.storage.vital_signs import vital_signs

FINISH_S: Final = 8
"""What runs when the service is told to stop may finish within this."""
GONE_S: Final = 10.0
"""And then the process ends, whatever still runs: a commit is either on disk by then or never will be."""
BACKLOG: Final = 1_024
"""Connections that the kernel keeps until we accept them."""
_LOG: Final = logging.getLogger("evenstock.service")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the service is to run."""

    workers: int = 1
    """Processes; one serves a small machine best, as more of them fight over the database."""
    with_worker: bool | None = None
    """Whether `evenstock work` runs as a child; None: where the books are embedded."""


def open_service(settings: Settings, configuration: Configuration) -> Service:
    """Everything a process of the service works with; `service.store.close()` when done.

    Raises
    ------
    ConfigurationError
        If a setting is missing or unsafe.
    StoreError
        If the books cannot be opened, or their settings would lose work.
    """
    configuration = safe(settings, configuration)
    opened = open_workspace(settings)
    try:
        refuse_role(vital_signs(opened.store, feeds=False), settings, configuration)
        return _service(opened, configuration)
    except BaseException:
        opened.store.close()
        raise


def _service(opened: Workspace, configuration: Configuration) -> Service:
    telemetry = Telemetry(tracing=Tracing(configuration.otlp_endpoint, configuration.trace_share))
    company = CompanyNow(opened.store, opened.snapshots, system_clock)
    return Service(
        settings=opened.settings,
        configuration=configuration,
        store=opened.store,
        snapshots=opened.snapshots,
        clock=system_clock,
        access=Doorkeeper(opened.store, configuration, company),
        company=company,
        telemetry=telemetry,
    )


def application() -> FastAPI:
    """The application of this process, from the environment: what each of several calls where none can be forked."""
    configuration = Configuration.load()
    start_logging(configuration.log_level)
    service = open_service(Settings.load(), configuration)
    service.company.look()
    app = create_app(service)
    settle()
    return app


def settle() -> None:
    """Put what was loaded beyond the garbage collector's reach: it would walk all of it again and again, and find nothing."""
    gc.collect()
    gc.freeze()


def serve(
    settings: Settings, configuration: Configuration, wanted: Wanted, told: Callable[[str], None] = print
) -> None:
    """Serve until SIGTERM or SIGINT; then accept nothing more, finish what runs, and return.

    Raises as `open_service` does, and OSError where the address is taken.
    """
    configuration = safe(settings, configuration)
    embedded = settings.database.startswith("sqlite:")
    with_worker = embedded if wanted.with_worker is None else wanted.with_worker
    start_logging(configuration.log_level)
    with _listening(configuration) as listening:
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        said = f"evenstock serves at http://{shown}:{port}/v1"
        if wanted.workers > 1:
            _several(
                listening, configuration, settings, wanted.workers, with_worker=with_worker, told=lambda: told(said)
            )
            return
        server = _one(listening, configuration, open_service(settings, configuration))
        with WorkerBeside(settings, enabled=with_worker):
            told(said)
            server()


def _listening(configuration: Configuration) -> socket.socket:
    family = socket.AF_INET6 if ":" in configuration.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((configuration.host.strip("[]"), configuration.port))
    except OSError as error:
        found.close()
        raise OSError(
            f"{configuration.host}:{configuration.port} cannot be listened at: {error.strerror}; "
            "stop what listens there, or set EVENSTOCK_PORT"
        ) from error
    found.set_inheritable(True)
    return found


def _one(listening: socket.socket, configuration: Configuration, service: Service) -> Callable[[], None]:
    server = LeavingServer(uvicorn.Config(create_app(service), **_options(configuration)))

    def run() -> None:
        try:
            service.company.look()
            settle()
            _stay_until_finished()
            server.run(sockets=[listening])
        finally:
            service.telemetry.close()
            service.store.close()

    return run


def _several(
    listening: socket.socket,
    configuration: Configuration,
    settings: Settings,
    workers: int,
    *,
    with_worker: bool,
    told: Callable[[], None],
) -> None:
    """Load everything once and fork the processes that serve; where this one cannot be forked, each loads for itself."""
    load_ahead(settings.database)
    settle()
    forks = alone()

    def tried() -> None:
        open_service(settings, configuration).store.close()

    # Migrated and checked once, before several processes open it; to fork, this one keeps nothing of that.
    if forks:
        apart(tried, (ConfigurationError, StoreError, OSError))
    else:
        tried()
    shared = _emptied(settings.home / "metrics")
    if not forks:
        _LOG.warning("this process cannot be forked, for it has threads: each process loads everything for itself")
        with WorkerBeside(settings, enabled=with_worker):
            told()
            _spawned(listening, configuration, settings, workers, shared)
        return

    def serves() -> None:
        _count_together(shared)
        _one(listening, configuration, open_service(settings, configuration))()

    works = [Work("a process that serves", serves)] * workers
    if with_worker:
        works.append(Work("the worker", lambda: become_worker(settings), beats=False))
    told()
    Processes(works, leave_s=GONE_S + 2).run()


def _spawned(
    listening: socket.socket, configuration: Configuration, settings: Settings, workers: int, shared: Path
) -> None:
    from uvicorn.supervisors import Multiprocess

    os.environ.update(_environment(settings, configuration, shared))
    config = uvicorn.Config(
        "evenstock.service.serving:application", factory=True, workers=workers, **_options(configuration)
    )
    _stay_until_finished()
    Multiprocess(config, sockets=[listening]).run()


def _count_together(shared: Path) -> None:
    """From here on this process counts in files of the folder: the library looked for one when it was loaded, before the fork."""
    os.environ[SHARED] = str(shared)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def _environment(settings: Settings, configuration: Configuration, shared: Path) -> dict[str, str]:
    """What spawned processes read in place of the options of the command line."""
    return {
        "EVENSTOCK_HOME": str(settings.home),
        "EVENSTOCK_DATABASE": settings.database,
        "EVENSTOCK_HOST": configuration.host,
        "EVENSTOCK_PORT": str(configuration.port),
        SHARED: str(shared),
    }


def _emptied(folder: Path) -> Path:
    """Where the processes count together, without what others counted before."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    return folder


def _options(configuration: Configuration) -> dict[str, Any]:
    trusted = configuration.proxies
    return {
        "http": LimitedProtocol,
        "loop": "uvloop" if sys.platform != "win32" else "asyncio",
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(trusted),
        "forwarded_allow_ips": trusted,
        "backlog": BACKLOG,
        "timeout_keep_alive": IDLE_S,
        "timeout_graceful_shutdown": FINISH_S,
    }


class LeavingServer(uvicorn.Server):
    """Leaves in time: what still runs in a thread when the time is up does not keep the process."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        last = threading.Timer(GONE_S, os._exit, (os.EX_SOFTWARE,))
        last.daemon = True
        last.start()
        await super().shutdown(sockets)


def _stay_until_finished() -> None:
    """After it has stopped, uvicorn raises the signal again for whoever handled it before: that is us, and we are leaving."""
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: None)
