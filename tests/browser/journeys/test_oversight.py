"""Those who watch: the data authority's overview and alarms, the auditor's trail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browser.journeys.visitor import Visitor

Come = Callable[..., Visitor]


def test_the_data_authority_supervises(visitor: Come) -> None:
    """Numbers are drawn; deadlines are urged; the story's tampering stands among the alarms."""
    head = visitor("临澜市数据局", "负责人")
    head.menu("总览")
    head.page.wait_for_selector(".chart-drawing svg path", state="attached")
    head.reads("各单位时限情况", "用数与额度")
    head.picture("overview")
    head.menu("时限督办")
    head.menu("安全监测与处置")
    head.open("已关闭")
    head.reads("许可")
    head.menu("考核评价")
    head.menu("目录与登记")


def test_an_auditor_follows_a_product_to_its_sources(visitor: Come, tmp_path: Path) -> None:
    """Entries are found, one is opened, its receipt verified, and a product traced back."""
    auditor = visitor("临澜市审计局", "审计员")
    auditor.menu("日志")
    auditor.choose("结果", "拒绝")
    auditor.press("查找")
    auditor.reads("拒绝")
    auditor.choose("结果", "已办")
    auditor.choose("机构", "临澜市审计局")
    auditor.press("查找")
    auditor.open("年", within="table")
    with auditor.page.expect_download() as saved:
        auditor.page.get_by_role("link", name="下载存证回执").click()
    receipt = tmp_path / "receipt.json"
    saved.value.save_as(receipt)
    auditor.open("验证这张回执")
    auditor.page.get_by_label("回执文件").set_input_files(receipt)
    auditor.press("验证")
    auditor.reads("回执有效")
    receipt.write_text(receipt.read_text(encoding="utf-8").replace("1", "2", 1), encoding="utf-8")
    auditor.page.get_by_label("回执文件").set_input_files(receipt)
    auditor.press("验证", refused=True)
    auditor.page.go_back()
    auditor.goto("/audit/entries/")
    auditor.choose("事项", "产品已上架")
    auditor.press("查找")
    auditor.open("20", within="table")
    auditor.open("数据产品", within="main dl")
    auditor.open("追溯来源")
    auditor.reads("数据版本", "安全生产许可证")
    auditor.fill("回执号、产品编号或出域编号", "不是编号")
    auditor.press("追溯", refused=True)
    for entry in ("审计查阅", "复算", "导出"):
        auditor.menu(entry)
