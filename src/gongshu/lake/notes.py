"""What the owner of a received file is told about it, in plain sentences.

The codes and facts come from the worker; facts are cut short and take no part in the grammar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gongshu.lake.schema import ColumnType

KINDS = MappingProxyType(
    {
        "width": "列数与表头不同",
        "undecodable": "有无法解码的字节",
        "nul": "含有空字符",
        "line_too_long": "单行过长",
        "cell_too_long": "单元格过长或引号没有成对",
        "open_quote": "引号没有成对",
        "after_quote": "引号之后还有多余的字符",
        "stray_return": "行中间有孤立的回车符",
        "malformed": "不符合 CSV 格式",
        "json_line": "不是完整的 JSON",
        "json_element": "不是对象",
        "type": "值不符合已确定的类型",
    }
)

SENTENCES = MappingProxyType(
    {
        "headerless": "文件没有表头，各列暂按“列1、列2……”命名。"
        "请补上表头后重新报送，或在编目时改名。",
        "titles": "表头上方有 {count} 行标题，已略过并保留在说明里。",
        "header_levels": "表头有 {count} 行，已用“_”连成一行列名，请核对。",
        "footnotes": "表下方有 {count} 行注释（如“注：”“填表人：”），没有当作数据，"
        "已保留在说明里。",
        "merged_cells": "表里有 {count} 处上下合并的单元格，已把合并的值填到每一行。",
        "nested_lists": "这些列里是嵌套的列表，按 JSON 文本收下：{names}。"
        "如果要逐条成行，请在导出时展开。",
        "duplicates": "表头有重名：{names}。后出现的已加序号区分，请确认。",
        "header_line_breaks": "表头单元格里有换行，已去掉：{names}。",
        "empty_columns": "有 {count} 列既没有表头也没有内容，已略过。",
        "pinned_absent": "以前确定过类型的列这次没有出现：{names}。请核对文件版本。",
        "rejects": "有 {count} 行没有收进表（{kind}），首先出现在第 {line} 行。"
        "原文件已保留，请更正这些行后重新报送。",
        "no_rows": "表里没有数据行。请确认文件内容是否完整。",
        "date_serial": "“{column}”像是电子表格的日期序号，现按整数收下。"
        "如果是日期，请把这一列的类型确定为“日期”。",
        "day_or_month": "“{column}”分不清日和月的先后，现按文本收下。请确定这一列的日期写法。",
        "partial_date": "“{column}”只写到年或月，不是完整日期，现按文本收下。",
        "no_year": "“{column}”的日期没有写年份，补不出来，现按文本收下。"
        "请在报送前补上年份，或另加一列年份。",
        "grouped_numbers": "“{column}”里有千位分隔符或全角数字，已按数收下（1,234 即 1234）。"
        "如果不是数，请把这一列的类型确定为“文本”。",
        "nearly": "“{column}”除 {unfit} 个值外都是{type}（如第 {line} 行的“{value}”），"
        "现按文本收下。如确定为{type}，不符的行会单列出来。",
        "other_members": "压缩包里还有别的文件没有读：{names}。需要时请分别报送。",
        "other_sheets": "文件里还有别的表没有读：{names}。"
        "要读其中一个，请在文件名后写“#”和它的名称，另行报送。",
    }
)


@dataclass(frozen=True, slots=True)
class Note:
    """One remark about a received file; `column` names the column it is about, if any."""

    code: str
    sentence: str
    column: str | None = None


def compose(raw: Mapping[str, Any]) -> Note | None:
    """Return the note for a code and facts of the worker, or None for a code nobody knows."""
    code = str(raw.get("code"))
    if code not in SENTENCES:
        return None
    words = {name: _word(name, value) for name, value in raw.items()}
    column = words.get("column")
    try:
        return Note(code, SENTENCES[code].format_map(words), column)
    except (KeyError, ValueError, IndexError):
        return None


def _word(name: str, value: Any) -> str:
    if name == "names" and isinstance(value, list):
        return "、".join(str(each)[:40] for each in value[:20])
    text = str(value)[:100]
    if name == "kind":
        return KINDS.get(text, "格式不符")
    if name == "type" and text in ColumnType.__members__:
        return ColumnType(text).zh
    return text
