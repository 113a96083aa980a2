"""Papers of a case on its page: scanned files, printed forms, and sub-steps within a step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gongshu_server.cases import attachments
from gongshu_server.cases.models import Attachment, Case, SubStep, SubStepRule
from gongshu_server.journal.ids import ulid
from integration.city import City, filed, submitted
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
PAPER = "paper__secrecy_review__"
PLACE = "registration/accept"


@pytest.fixture
def scan(city: City, settings: Any, tmp_path: Path) -> Attachment:
    """Return a scanned paper that the emergency bureau has uploaded and not filed yet."""
    settings.HOME = tmp_path / "node"
    path = tmp_path / "scan"
    path.write_bytes(b"%PDF-1.7 sealed")
    by, at = city.who("emergency"), city.later()
    return attachments.store(path, attachment_id=ulid(at), name="意见<b>.pdf", by=by, at=at)


def test_a_step_takes_the_scanned_paper_that_was_uploaded(city: City, scan: Attachment) -> None:
    case = filed(city).case
    client = signed_in(city, "emergency/head")
    url = f"/cases/{case}/record_secrecy_review/"
    zone = re.search(r'data-kind="paper".*?</div>', opened(client, url), re.S)
    assert zone
    assert f'name="{PAPER}attachment"' in zone.group()
    sent(client, url, **{f"{PAPER}title": "保密审查意见", f"{PAPER}attachment": scan.pk})
    page = opened(client, f"/cases/{case}/")
    assert f'<a href="/attachments/{scan.pk}/">意见&lt;b&gt;.pdf</a>' in page


def test_anothers_file_is_not_there_and_the_form_keeps_its_own(
    city: City, scan: Attachment
) -> None:
    Attachment.objects.filter(pk=scan.pk).update(organisation_id=city.org("bureau"))
    url = f"/cases/{filed(city).case}/record_secrecy_review/"
    said = {f"{PAPER}title": "保密审查意见", f"{PAPER}attachment": scan.pk}
    page = sent(signed_in(city, "emergency/head"), url, status=404, **said)
    assert "没有这个待归入办件的附件" in page
    assert "文件已上传，会随本表一起提交。" in page


def test_a_party_adds_papers_and_who_looks_on_does_not(city: City) -> None:
    url = f"/cases/{submitted(city).case}/"
    assert 'data-kind="case"' in opened(signed_in(city, "registry"), url)
    assert 'data-kind="case"' not in opened(signed_in(city, "audit/auditor"), url)


def test_a_case_prints_its_forms(city: City) -> None:
    case = Case.objects.get(pk=submitted(city).case)
    client = signed_in(city, "registry")
    page = opened(client, f"/cases/{case.pk}/")
    links = re.findall(rf'href="(/cases/{case.pk}/forms/\w+/)"', page)
    assert len(links) == 3
    for link in links:
        printed = opened(client, link)
        assert f"受理号：{case.number}" in printed
        assert "（盖章）" in printed
    opened(client, f"/cases/{case.pk}/forms/other/", status=404)
    opened(signed_in(city, "insurer"), links[0], status=404)


def test_sub_steps_are_set_and_done_on_pages(city: City) -> None:
    case = submitted(city).case
    clerk, head = signed_in(city, "registry"), signed_in(city, "registry/head")
    sent(head, "/people/substeps/", place=PLACE, names="科室审核\n领导审定")
    assert "科室审核 → 领导审定" in opened(head, "/people/substeps/")
    page, within = f"/cases/{case}/", f"/cases/{case}/within/accept/"
    assert within in opened(clerk, page)
    assert "退回必须写明意见" in sent(clerk, within, status=422, agreed="no")
    assert sent(clerk, within, agreed="yes", opinion="材料齐全") == page
    assert "同一人" in sent(clerk, within, status=403, agreed="yes")
    assert sent(head, within, agreed="yes") == page
    assert list(SubStep.objects.values_list("step", flat=True)) == ["科室审核", "领导审定"]
    done = opened(clerk, page)
    assert within not in done
    assert "材料齐全" in done
    opened(clerk, within, status=404)


def test_sub_steps_of_others_and_twice_the_same_are_refused(city: City) -> None:
    head = signed_in(city, "registry/head")
    page = sent(head, "/people/substeps/", status=200, place=PLACE, names="审核\n审核")
    assert "不能重复" in page
    sent(head, "/people/substeps/", status=200, place="release/sign", names="审核")
    assert not SubStepRule.objects.exists()
