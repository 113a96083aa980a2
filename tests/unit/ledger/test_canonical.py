"""RFC 8785: the published vectors, ECMAScript numbers, and what has no canonical form."""

import json
import math
import struct
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongshu.ledger.canonical import canonical, parse_canonical
from gongshu.ledger.faults import LedgerFault
from gongshu.vocabulary.errors import Invalid

CASES = ("arrays", "french", "structures", "unicode", "values", "weird")

# The number of RFC 8785 appendix B (bits of the double, its text).
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("case", CASES)
def test_published_vectors(shared: Path, case: str) -> None:
    folder = shared / "data/standards/jcs"
    value = json.loads((folder / f"input/{case}.json").read_text("utf-8"))
    expected = bytes.fromhex((folder / f"outhex/{case}.txt").read_text())
    assert canonical(value) == expected
    assert expected == (folder / f"output/{case}.json").read_bytes().rstrip(b"\n")
    assert canonical(parse_canonical(expected)) == expected


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_written_as_ecmascript_writes_them(bits: str, text: str) -> None:
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert canonical(value) == text.encode()
    assert canonical(parse_canonical(text.encode())) == text.encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_reads_back_as_itself(value: float) -> None:
    assert float(canonical(value)) == value


@settings(deadline=None)
@given(JSON)
def test_parse_undoes_canonical(value: object) -> None:
    data = canonical(value)
    assert parse_canonical(data) == value
    assert canonical(parse_canonical(data)) == data


def test_names_are_sorted_by_utf16_and_not_by_code_point() -> None:
    assert canonical({"\ufb33": 1, "\U0001f602": 2}) == '{"\U0001f602":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.5"),
        datetime(2026, 1, 1, tzinfo=UTC),
        b"bytes",
        {1: "name is not text"},
        {"deep": {"set": {1, 2}}},
        2**53,
        -(2**53),
        math.nan,
        math.inf,
        "\ud800",
        {"\udfff": 1},
    ],
    ids=repr,
)
def test_a_value_without_one_form_is_refused(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        canonical(value)
    assert refused.value.code == "ledger_value"


def test_bottomless_nesting_is_refused() -> None:
    value: list[object] = []
    for _ in range(100):
        value = [value]
    with pytest.raises(Invalid):
        canonical(value)
    with pytest.raises(LedgerFault):
        parse_canonical(b"[" * 100_000)


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b'{"a": 1}', 5),
        (b'{"b":1,"a":2}', 2),
        (b'{"a":1,"a":1}', None),
        (b'{"a":1}\n', 7),
        (b'{"a":1.0}', 6),
        (b'{"a":1e2}', 6),
        (b'{"a":-0}', 5),
        (b'{"a":01}', 6),
        (b'{"a":"\\u0041"}', 6),
        (b'{"a":"\\/"}', 6),
        (b'{"a":NaN}', None),
        (b'{"a":"\xff"}', 6),
        (b'{"a":9007199254740993}', 20),
        (b"", 0),
        (b"\xef\xbb\xbf1", 0),
        (b'"\\ud800"', None),
    ],
)
def test_any_other_spelling_is_refused_with_its_place(data: bytes, offset: int | None) -> None:
    with pytest.raises(LedgerFault) as refused:
        parse_canonical(data)
    assert refused.value.code == "ledger_canonical"
    assert refused.value.offset == offset
