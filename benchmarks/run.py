"""Runs benchmarks by name, each part in a process of its own: `make bench NAME=spine`, or all without a name."""

from __future__ import annotations

import subprocess
import sys

PARTS = {
    "spine": ["routing_decision", "rebalance", "reserve", "forecast", "demo"],
    "forecasting": [
        "forecast_accuracy",
        "forecast_paths",
        "forecast_launches",
        "delivery_time",
        "lead_time",
        "phantom_stock",
    ],
    "routing": [
        "routing_speed",
        "routing_batch",
        "routing_fair",
        "routing_confidence",
        "routing_replay",
        "routing_brunel",
    ],
    "rebalancing": [
        "rebalancing_kernel",
        "rebalancing_lanes",
        "rebalancing_rules",
        "rebalancing_horizon",
        "rebalancing_rolling",
        "rebalancing_m5",
        "rebalancing_smps",
        "rebalancing_willems",
        "rebalancing_textbook",
    ],
    "freight": [
        "freight_rates",
        "freight_zones",
        "freight_brunel",
        "freight_ltl",
        "freight_drift",
        "freight_scorecard",
        "freight_late",
        "freight_override",
        "freight_carriers",
    ],
    "service": [
        "service_orders",
        "service_route",
        "service_events",
        "service_overload",
        "service_restart",
        "service_invariants",
    ],
    "governance": [
        "governance_verdicts",
        "governance_audit",
        "governance_replay",
        "governance_actors",
        "governance_personal",
    ],
    "real": ["real_brunel", "real_m5", "real_online_retail"],
}


def main(names: list[str]) -> int:
    unknown = [n for n in names if n not in PARTS]
    if unknown:
        print(f"no benchmark named {', '.join(unknown)}; there are {', '.join(PARTS)}")
        return 2
    failed = []
    for name in names or list(PARTS):
        for part in PARTS[name]:
            print(f"\n=== {name}: {part}", flush=True)
            if subprocess.run([sys.executable, "-m", f"benchmarks.{part}"], check=False).returncode:
                failed.append(part)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
