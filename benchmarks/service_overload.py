"""Three times as much as can be done: how much is still done well, and how fast the rest is told to come back."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
from benchmarks.harness import report
from benchmarks.service_server import company, fresh, lines, wrk
from benchmarks.service_world import orders

SECONDS = 12


async def refusals(url: str, headers: dict[str, str], seconds: float) -> list[float]:
    """Milliseconds of refusals that careful callers see beside the flood; each must say when to come back."""
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def call(client: httpx.AsyncClient, number: int) -> None:
        for body in orders(10_000, prefix=fresh(f"Q{number}x"), seed=number):
            if time.perf_counter() > until:
                return
            began = time.perf_counter()
            reply = await client.post(url, json=body, headers=headers)
            if reply.status_code == 503:
                took.append(1e3 * (time.perf_counter() - began))
                assert int(reply.headers["retry-after"]) >= 1
            await asyncio.sleep(0.1)

    async with httpx.AsyncClient(timeout=30) as client:
        await asyncio.gather(*(call(client, number) for number in range(8)))
    return took


async def flooded(url: str, headers: dict[str, str], bodies: Path, connections: int) -> tuple[object, list[float]]:
    flood = asyncio.to_thread(wrk, url, bodies, headers, seconds=SECONDS, connections=connections)
    return await asyncio.gather(flood, refusals(url, headers, SECONDS))


def main() -> int:
    with tempfile.TemporaryDirectory() as name, company() as (_, served):
        url, folder = f"{served.url}/v1/route", Path(name)
        peaks = []
        for n in range(3):
            bodies = lines(folder / "peak.jsonl", orders(1_500 * SECONDS, prefix=fresh("P"), seed=n))
            peaks.append(wrk(url, bodies, served.headers, seconds=SECONDS, connections=8).per_s)
        peak = median(peaks)
        connections, offered = 64, 0.0
        while offered < 3 * peak and connections <= 4_096:
            bodies = lines(folder / "flood.jsonl", orders(12_000 * SECONDS // 4, prefix=fresh("F"), seed=connections))
            load, took = asyncio.run(flooded(url, served.headers, bodies, connections))
            offered = load.requests / load.seconds  # type: ignore[attr-defined]
            goodput = load.per_s / peak  # type: ignore[attr-defined]
            print(f"  {connections} connections: {offered:,.0f}/s offered, {load.per_s:,.0f} done (peak {peak:,.0f}); refused in {median(took) if took else 0:.1f} ms; {load.statuses}")  # type: ignore[attr-defined]  # fmt: skip
            connections = connections * 5 // 4
    if not took:
        sys.exit("nothing was refused: this was no overload")
    report("service", {"overload_goodput": goodput, "overload_offered": offered / peak, "refusal_ms": median(took)})  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
