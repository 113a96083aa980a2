"""A table of a file with several is named after a #, as in an address."""

import pytest

from gongshu.lake.parts import Part, asked, located


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("名录.xlsx#表二", Part("名录.xlsx", sheet="表二")),
        ("断面.db#a#b", Part("断面.db", sheet="a#b")),
        ("全部.ZIP#甲.csv", Part("全部.ZIP", member="甲.csv")),
        ("全部.zip#目录/名录.xlsx#表二", Part("全部.zip", member="目录/名录.xlsx", sheet="表二")),
        ("答复.json#data.rows", Part("答复.json", sheet="data.rows")),
        ("附件#1.csv", Part("附件#1.csv")),
        ("名录.xlsx", Part("名录.xlsx")),
        ("名录.xlsx#", Part("名录.xlsx#")),
    ],
)
def test_what_a_name_asks_for(name, part):
    """Only what follows an extension is a wish; any other # belongs to the name."""
    assert asked(name) == part


def test_a_file_of_that_very_name_is_itself(tmp_path):
    """Whoever calls a file so means the file."""
    odd, plain = tmp_path / "a.csv#b", tmp_path / "a.csv"
    assert located(odd) == (plain, Part(str(plain), sheet="b"))
    odd.write_text("a")
    assert located(odd) == (odd, Part("a.csv#b"))
    assert located(plain) == (plain, Part("a.csv"))
