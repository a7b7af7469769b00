"""Real scans (Olist) and real purchases (USAID SCMS): the learned days beat what lanes' own past says, months before."""

import os
from pathlib import Path

import numpy as np
import pytest
from benchmarks import delivery_time, lead_time

from evenstock.distributions import day_table

pytestmark = pytest.mark.real_data
DATA = Path(os.environ.get("EVENSTOCK_SHARED", Path(__file__).parents[2] / "../shared")) / "data"

if not (DATA / "olist").exists() or not (DATA / "usaid_scms").exists():
    pytest.skip("the real scans and purchases are not on this machine", allow_module_level=True)


def test_learned_days_beat_the_state_pairs_own_by_a_tenth_without_knowing_more() -> None:
    frame = delivery_time.parcels(DATA / "olist")
    assert frame.height == 6_099
    first = frame.height - 3 * delivery_time.WINDOW
    took = delivery_time.days(frame)[first : first + 400]

    share = delivery_time.foretell(frame, first, first + 400, delivery_time.places(DATA / "olist"), 7)
    ours = day_table.quantiles(share, delivery_time.LEVELS)
    peer = delivery_time.peers(frame, first, first + 400)["state pair, shrunk"]

    ratio = delivery_time.pinball(took, ours).mean() / delivery_time.pinball(took, peer).mean()
    assert ratio < 0.9
    assert 0.45 < np.mean(took <= ours[:, 3]) < 0.62


def test_dates_that_a_spreadsheet_turned_are_read_back() -> None:
    frame, notes = lead_time.purchases(DATA / "usaid_scms")

    assert frame.height == 4_587
    assert notes[0] == "10,324 lines; 1,712 order dates turned back by a spreadsheet, mended"
    assert notes[-1] == "5 lines delivered before they were ordered, left out"


def test_learned_lead_times_beat_the_routes_own_past() -> None:
    frame, _ = lead_time.purchases(DATA / "usaid_scms")
    quarter = frame.height // 4
    first = frame.height - 3 * quarter

    assert lead_time.score(frame, first, first + 500, 56)["over_route"] < 0.95
