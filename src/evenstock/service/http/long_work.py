"""Work that takes longer than a request may: asked for here, done by the worker, looked at as a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from evenstock.operations.ports import Store
from evenstock.operations.runs.keeping import ask_for
from evenstock.service.context import Service
from evenstock.service.http.bodies.runs import RunOut, run_out
from evenstock.service.http.idempotent import once
from evenstock.service.http.problems import Problem
from evenstock.service.http.replies import said

STARTED: Mapping[int | str, dict[str, Any]] = {
    202: {"model": RunOut, "description": "Asked for; the run stands at `Location`"}
}
"""How a route says that it starts long work."""


def start(service: Service, request: Request, job: str, asked: Mapping[str, Any], body: bytes | BaseModel) -> Response:
    """Keep the wish for a worker to take up, and answer 202 with the run.

    Raises Problem `invalid_request` where the job does not take what is asked.
    """
    from evenstock.service.worker.family import WrongWishError, checked

    try:
        whole = checked(job, asked)
    except WrongWishError as wrong:
        raise Problem("invalid_request", str(wrong), errors=[("", str(wrong))]) from None

    def work(store: Store) -> Response:
        with store.transaction() as books:
            run = ask_for(books, job, whole, request.state.principal.id, service.clock())
        return said(run_out(run), 202, {"Location": f"/v1/runs/{quote(run.id, safe='')}"})

    return once(request, service, body, work, whole=True)
