"""The tree of RFC 9162: roots of the reference implementation, and proofs that hold for what is so and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.domain.merkle import (
    EMPTY,
    Frontier,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    root_of,
)

ROWS = [bytes.fromhex(row) for row in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [leaf_hash(bytes([n])) for n in range(40)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_implementation(size: int) -> None:
    assert root_of(leaf_hash(row) for row in ROWS[:size]).hex() == ROOTS[size - 1]


def test_a_log_without_rows_has_the_root_of_nothing() -> None:
    assert root_of([]) == EMPTY == Frontier().root()


@pytest.mark.parametrize("size", range(1, 41))
def test_every_row_is_shown_to_be_in_and_in_no_other_place(size: int) -> None:
    leaves, root = LEAVES[:size], root_of(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(leaves, index)
        assert includes(leaves[index], index, size, proof, root)
        assert not includes(leaf_hash(b"another"), index, size, proof, root)
        assert not includes(leaves[index], index, size, [*proof, EMPTY], root)
        assert not includes(leaves[index], index, size, proof, EMPTY)
        if size > 1:
            assert not includes(leaves[index], (index + 1) % size, size, proof, root)
            assert not includes(leaves[index], index, size, proof[:-1], root)
    assert not includes(leaves[0], size, size, [], root)


@pytest.mark.parametrize("later", range(1, 41))
def test_a_log_is_shown_to_extend_each_that_it_was(later: int) -> None:
    for earlier in range(later + 1):
        before, after = root_of(LEAVES[:earlier]), root_of(LEAVES[:later])
        proof = consistency_proof(LEAVES[:later], earlier)
        assert extends(earlier, later, before, after, proof)
        if 0 < earlier < later:
            # Another history of the same length has another root, and no proof joins them.
            other = root_of([leaf_hash(b"another"), *LEAVES[1:earlier]])
            assert not extends(earlier, later, other, after, proof)
            assert not extends(earlier, later, before, other, proof)
            assert not extends(earlier, later, before, after, proof[:-1])
            assert not extends(earlier, later, before, after, [*proof, EMPTY])


@given(rows=st.lists(st.binary(max_size=8), max_size=60), cut=st.integers(0, 60))
def test_a_frontier_goes_on_where_it_stopped(rows: list[bytes], cut: int) -> None:
    leaves = [leaf_hash(row) for row in rows]
    kept = Frontier()
    for leaf in leaves[:cut]:
        kept.append(leaf)
    again = Frontier(kept.size, list(kept.peaks))
    for leaf in leaves[cut:]:
        again.append(leaf)
    assert (again.size, again.root()) == (len(rows), root_of(leaves))
    assert len(again.peaks) == len(rows).bit_count()


def test_a_place_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="a log of 3 rows has no row 3"):
        inclusion_proof(LEAVES[:3], 3)
    with pytest.raises(ValueError, match="a log of 3 rows was never one of 4"):
        consistency_proof(LEAVES[:3], 4)
    assert not extends(4, 3, EMPTY, EMPTY, [])
    assert extends(0, 3, EMPTY, root_of(LEAVES[:3]), [])
    assert not extends(0, 3, leaf_hash(b""), root_of(LEAVES[:3]), [])
