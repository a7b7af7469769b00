"""A record loses the place and nothing else, and gets it back byte for byte."""

import json

from hypothesis import given
from hypothesis import strategies as st

from evenstock.domain import canonical_json
from evenstock.operations.personal_data.naming import ERASED, joined, names_place, parted

PLACES = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00:;.", exclude_categories=("Cs", "Cc", "Z")),
    min_size=1,
    max_size=12,
)
TEXTS = st.lists(
    st.sampled_from(
        [
            "ups:ground has no rate for zone 9, from TX-DC to {}",
            "no zone is known from 18105 to {}; add the place or a zone chart",
            "left out: {}",
            "TX-DC has no working day in the next 10 days",
        ]
    ),
    min_size=1,
    max_size=6,
)


@given(PLACES, TEXTS, st.booleans(), st.integers(0, 99_999))
def test_a_record_without_its_place_is_made_whole_again(
    place: str, texts: list[str], unserved: bool, cents: int
) -> None:
    barred = [{"because": text.format(place), "cents": cents, "rule": "rate"} for text in texts]
    reasons = "; ".join(one["because"] for one in barred)  # type: ignore[misc]
    sentence = f"No node reaches {place}: {reasons}." if unserved else "TX-DC, one parcel, 9.40"
    record = canonical_json({"barred": barred, "sentence": sentence, "verdict": {"because": sentence}})
    bare, found = parted(record)
    assert joined(bare, found) == record
    assert json.loads(bare)["barred"][0]["cents"] == cents
    if found and ERASED not in record.decode():
        for one in json.loads(bare)["barred"]:
            if " has no rate for zone " in one["because"] or "add the place" in one["because"]:
                assert f" to {place}" not in one["because"]


def test_a_number_that_happens_to_be_the_postal_code_stays() -> None:
    record = b'{"because":"ups:ground has no rate for zone 9, from TX to 94105","cents":94105,"node":"94105"}'
    bare, place = parted(record)
    assert place == b"94105"
    assert bare == b'{"because":"ups:ground has no rate for zone 9, from TX to [a place]","cents":94105,"node":"94105"}'


def test_most_records_name_no_place() -> None:
    record = b'{"sentence":"TX-DC, one parcel, 9.40; next best PA 10.15"}'
    assert not names_place(record)
    assert parted(record) == (record, b"")
