"""How one version's columns became the next one's, in words."""

from gongshu.lake.changes import SchemaChange, compare

BEFORE = {"名称": "text", "数": "integer", "金额": "decimal(5,2)", "日期": "date"}


def test_the_same_columns_are_no_change():
    """Neither another order nor a longer decimal is one."""
    after = {"日期": "date", "金额": "decimal(12,4)", "名称": "text", "数": "integer"}
    assert compare(BEFORE, after) == SchemaChange()
    assert not compare(BEFORE, after)
    assert compare(BEFORE, after).sentences == ()


def test_what_came_went_and_changed_its_type_is_told():
    """One sentence for each, with the types in the words of the pages."""
    change = compare(BEFORE, {"名称": "text", "数": "text", "日期": "date", "备注": "text"})
    assert change == SchemaChange(("备注",), ("金额",), (("数", "integer", "text"),))
    added, removed, retyped = change.sentences
    assert "多了数据项：备注" in added
    assert "少了数据项：金额" in removed
    assert "数（整数→文本）" in retyped


def test_many_changes_stay_one_readable_sentence():
    """A thousand names would be read by nobody."""
    (sentence,) = compare({}, {f"列{at}": "text" for at in range(1000)}).sentences
    assert "等 1000 项" in sentence
    assert len(sentence) < 1000
