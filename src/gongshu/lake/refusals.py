"""Why a received file as a whole cannot be read; raised in the worker, told to people outside."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any


class Refused(Exception):
    """A file that cannot be read at all: a code of `SENTENCES` and the words it needs."""

    def __init__(self, code: str, **facts: int | str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


SENTENCES = MappingProxyType(
    {
        "empty": "文件是空的，没有任何内容。请核对后重新报送。",
        "no_header": "文件里找不到表头和数据。请确认第一张工作表或文件开头是数据表，再重新报送。",
        "unknown_encoding": "认不出文件的文字编码（已试 UTF-8、GB18030、UTF-16、UTF-32）。"
        "请用 WPS 或 Excel 另存为“CSV UTF-8”后重新报送。",
        "mixed_encodings": "文件前后的文字编码不一致，一部分是 UTF-8，一部分是 GB18030。"
        "请统一成一种编码后重新报送。",
        "too_many_columns": "文件有 {columns} 列，超过上限 {limit} 列。"
        "请核对分隔符是否正确，或把表拆成几张后重新报送。",
        "unfolds_too_far": "压缩内容解开后超过 {limit} MB 或压缩倍数异常，疑似压缩炸弹，已停止。"
        "请改报未压缩的文件，或拆成几个文件。",
        "damaged_archive": "压缩文件不完整或已损坏。请重新压缩后报送。",
        "several_members": "压缩包里有 {members} 个可能的表：{names}。"
        "请在文件名后写“#”和要读的那个（如“全部.zip#甲.csv”），或分别报送。",
        "no_such_member": "压缩包里没有“{member}”，里面有：{names}。请核对名称。",
        "too_many_members": "压缩包里有 {members} 个文件，超过上限 {limit} 个。"
        "请把表单独压缩后报送。",
        "nested_archives": "压缩包套了 {limit} 层以上。请解开后直接报送里面的表。",
        "password": "文件有密码保护，无法读取。请去掉密码后重新报送。",
        "damaged_workbook": "电子表格已损坏或格式不规范，无法读取。"
        "请用 WPS 或 Excel 打开后另存为 .xlsx 或 CSV 再报送。",
        "damaged_parquet": "Parquet 文件不完整或已损坏，无法读取。请重新导出后报送。",
        "damaged_database": "SQLite 数据库不完整、已损坏，或含有不安全的定义，无法读取。"
        "请把表导出成 CSV 后报送。",
        "database_too_large": "SQLite 数据库超过 {limit} MB，读不进来。请把表导出成 CSV 后报送。",
        "no_such_sheet": "文件里没有名为“{sheet}”的工作表或表。请核对名称。",
        "broken_json": "文件从第 {line} 行起不符合 JSON 格式，可能没有传完。请重新导出后报送。",
        "json_too_deep": "JSON 嵌套太深，不像数据表。请把每条记录导出成一层的对象后重新报送。",
        "json_value_too_long": "JSON 里有一个值超过 {limit} MB，读不进来。"
        "请导出成一行一个对象（JSON Lines）或 CSV 后重新报送。",
        "web_page": "这是一个网页文件（扩展名可能写成 .xls）。"
        "请用 WPS 或 Excel 打开后另存为 .xlsx 再报送。",
        "not_a_table": "这是{kind}，平台不读这种文件。"
        "请另存为 CSV、.xlsx、JSON 或 Parquet 后报送。",
        "memory": "文件太大，读取所需内存超过上限。请拆成几个文件，或另存为 CSV 后报送。",
        "time": "读取文件用时超过上限，已停止。请拆成几个文件后重新报送。",
        "output": "文件内容超过一次可接收的总量。请拆成几个文件后重新报送。",
        "crash": "读取文件时程序意外中止，文件可能已损坏或构造异常。"
        "请用 WPS 或 Excel 打开后另存为 CSV 再报送。",
        "refused": "本机不能安全地读取文件，已拒绝。请联系平台管理员运行 gongshu check-host。",
    }
)


def sentence(code: str, facts: dict[str, Any]) -> str:
    """Return the sentence of a refusal; the facts come from the worker and are cut short."""
    words = {name: str(value)[: 400 if name == "names" else 60] for name, value in facts.items()}
    try:
        return SENTENCES[code].format_map(words)
    except (KeyError, ValueError, IndexError):
        return SENTENCES["crash"]
