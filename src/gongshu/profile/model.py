"""What a profile says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from gongshu.vocabulary.levels import IdentifierClass, Level, SubjectKind
from gongshu.vocabulary.terms import Term


class FindingKind(Term):
    """What was found in a column: by its values, by its header, or by both."""

    citizen_id = "citizen_id", "公民身份号码"
    uscc = "uscc", "统一社会信用代码"
    bank_card = "bank_card", "银行卡号"
    mobile = "mobile", "手机号码"
    organisation_code = "organisation_code", "组织机构代码"
    landline = "landline", "固定电话号码"
    passport = "passport", "护照号码"
    plate = "plate", "机动车号牌"
    email = "email", "电子邮箱"
    ip = "ip", "网络地址"
    mac = "mac", "设备物理地址"
    coordinates = "coordinates", "地理坐标"
    secret = "secret", "口令和密钥"
    person_name = "person_name", "个人姓名"
    contact = "contact", "联系方式"
    address = "address", "地址"
    demographic = "demographic", "个人基本特征"
    medical = "medical", "健康医疗信息"
    special = "special", "特定身份与生物识别信息"
    finance = "finance", "财务与缴费信息"
    enterprise_name = "enterprise_name", "单位名称"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a column holds, with the evidence.

    Of `tested` values, `hits` have the form; `checksum_passed` of the hits pass the check (None
    where the number has none); `random_baseline` is the share that would pass by chance. One
    number in eleven passes GB 11643 by chance, so only a rate over a column is evidence.
    `respelled` counts values, among those sampled, that are found only after full-width digits,
    blanks and the like are undone. `embedded` marks identifiers inside longer text, where `tested`
    is the size of the sample. `sentence` says all this to an official.
    """

    kind: FindingKind
    hits: int
    tested: int
    checksum_passed: int | None
    random_baseline: float | None
    sentence: str
    respelled: int = 0
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed classification of an item or a resource, to be confirmed by a person.

    `category` is sector and business (类别), `level` the harm to nation and public (级别), `grade`
    the subdivision of general data (1–4, 4 highest), `subject` whom the item is about.
    """

    category: str
    level: Level
    grade: int
    identifier: IdentifierClass
    subject: SubjectKind
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column: its statistics, findings and proposal.

    `blanks` are texts without a visible character; `distinct` counts different values other than
    null, exactly up to 100,000 and within about 1 % beyond (`distinct_exact` tells); lengths are in
    characters and None where a column holds no text.
    """

    name: str
    type: str
    rows: int
    nulls: int
    blanks: int
    distinct: int
    distinct_exact: bool
    minimum_length: int | None
    maximum_length: int | None
    findings: tuple[Finding, ...]
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of one snapshot; `proposal` is the strictest of its columns (就高从严)."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    proposal: Proposal

    def column(self, name: str) -> ColumnProfile:
        """Find the first column of that name; raises `KeyError` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def as_json(self) -> dict[str, Any]:
        """Return the profile as JSON-able values; `from_json` gives it back unchanged."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Rebuild a profile from what `as_json` gave, before or after a trip through JSON."""
        columns = tuple(
            ColumnProfile(
                **column
                | {
                    "findings": tuple(
                        Finding(**found | {"kind": FindingKind[found["kind"]]})
                        for found in column["findings"]
                    ),
                    "proposal": _proposal(column["proposal"]),
                }
            )
            for column in value["columns"]
        )
        return cls(rows=value["rows"], columns=columns, proposal=_proposal(value["proposal"]))


def _proposal(value: dict[str, Any]) -> Proposal:
    return Proposal(
        category=value["category"],
        level=Level[value["level"]],
        grade=value["grade"],
        identifier=IdentifierClass[value["identifier"]],
        subject=SubjectKind[value["subject"]],
        reasons=tuple(value["reasons"]),
    )
