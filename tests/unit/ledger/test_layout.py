"""Names of tiles, which tiles a size needs, and entry bundles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongshu.ledger.faults import LedgerFault
from gongshu.ledger.layout import (
    ENTRIES,
    TileName,
    decode_bundle,
    encode_bundle,
    parse_tile_name,
    tiles_of,
)
from gongshu.vocabulary.errors import Invalid


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (TileName(0, 0), "tile/0/000"),
        (TileName(0, 1234067), "tile/0/x001/x234/067"),  # the example of the specification
        (TileName(1, 999, 7), "tile/1/999.p/7"),
        (TileName(0, 1000), "tile/0/x001/000"),
        (TileName(ENTRIES, 256, 255), "tile/entries/256.p/255"),
        (TileName(63, 0, 1), "tile/63/000.p/1"),
    ],
)
def test_the_path_of_a_tile(name: TileName, path: str) -> None:
    assert name.path == path
    assert parse_tile_name(path) == name


@given(st.integers(ENTRIES, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_every_name_reads_back(level: int, index: int, width: int) -> None:
    name = TileName(level, index, width)
    assert parse_tile_name(name.path) == name


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/x000/001",
        "tile/0/1",
        "tile/0/0000",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/０００",
        "tile/entries/000\n",
        "tile/0/000.tmp",
        "checkpoint",
    ],
)
def test_any_other_path_names_no_tile(path: str) -> None:
    assert parse_tile_name(path) is None


def test_the_tiles_of_the_specifications_example() -> None:
    names = list(tiles_of(70_000))
    full = [name for name in names if name.width == 256]
    assert sum(name.level == 0 for name in full) == 273
    assert sum(name.level == 1 for name in full) == 1
    partial = {(name.level, name.index, name.width) for name in names if name.width < 256}
    assert partial == {(ENTRIES, 273, 112), (0, 273, 112), (1, 1, 17), (2, 0, 1)}
    assert list(tiles_of(256)) == [TileName(ENTRIES, 0), TileName(0, 0), TileName(1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 200_000), st.integers(0, 2_000))
def test_an_append_writes_exactly_the_tiles_that_the_state_before_had_not(
    since: int, more: int
) -> None:
    fresh = set(tiles_of(since + more)) - set(tiles_of(since))
    assert set(tiles_of(since + more, since)) == fresh


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_read_back(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


def test_a_bundle_that_ends_early_or_goes_on_is_refused_with_its_place() -> None:
    data = encode_bundle([b"one", b"two", b"three"])
    for cut in range(len(data)):
        with pytest.raises(LedgerFault) as refused:
            decode_bundle(data[:cut], 3)
        assert refused.value.offset == max(at for at in (0, 5, 10) if at <= cut)
    with pytest.raises(LedgerFault) as refused:
        decode_bundle(data + b"\0", 3)
    assert refused.value.offset == len(data)
    assert refused.value.details == (b"one", b"two", b"three")


def test_an_entry_beyond_two_bytes_of_length_is_refused() -> None:
    encode_bundle([bytes(65_535)])
    with pytest.raises(Invalid):
        encode_bundle([bytes(65_536)])
