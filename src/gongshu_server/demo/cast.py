"""The city's organisations and people, as they are recorded on the node."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gongshu_server.accounts import actions
from gongshu_server.accounts.actors import Actor, acting, node
from gongshu_server.demo.city.model import DEPARTMENTS


@dataclass(frozen=True, slots=True)
class Part:
    """One organisation of the cast: code, names, roles, and its posts with their duties."""

    code: str
    name: str
    short: str
    roles: tuple[str, ...]
    posts: tuple[tuple[str, str, tuple[str, ...]], ...]


OFFICE = (("handler", "经办人", ("handler",)), ("head", "负责人", ("head",)))
REVIEW = (("reviewer", "审核员", ("reviewer",)), ("head", "负责人", ("head",)))
ADMINS = (
    ("system_admin", "系统管理员", ("system_admin",)),
    ("security_admin", "安全保密管理员", ("security_admin",)),
    ("audit_admin", "安全审计员", ("audit_admin",)),
)
LAB = (*OFFICE, ("developer", "数据开发工程师", ("developer",)))

PARTS: tuple[Part, ...] = (
    Part(
        "bureau",
        "临澜市数据局",
        "数据局",
        ("data_authority", "implementing_body"),
        (*OFFICE, *ADMINS),
    ),
    Part("government", "临澜市人民政府", "市政府", ("authorising_body",), OFFICE),
    Part("registry", "临澜市公共数据登记中心", "登记中心", ("registration_body",), OFFICE),
    Part("pricing", "临澜市发展和改革委员会", "发展改革委", ("price_authority",), OFFICE),
    *(
        Part(
            d.code,
            f"临澜市{d.zh}",
            d.zh,
            ("provider", "demander", "data_user") if d.code == "emergency" else ("provider",),
            OFFICE,
        )
        for d in DEPARTMENTS
    ),
    Part("cyberspace", "临澜市委网信办", "网信办", ("security_reviewer",), REVIEW),
    Part("secrecy", "临澜市国家保密局", "保密局", ("security_reviewer",), REVIEW),
    Part("sector", "临澜市工业和信息化局", "工信局", ("sector_authority",), REVIEW),
    Part("operator", "临澜数据运营有限公司", "临澜数运", ("operator",), LAB),
    Part("developer", "澜鉴科技有限公司", "澜鉴科技", ("developer",), LAB),
    Part("insurer", "安澜财产保险股份有限公司", "安澜财险", ("data_user",), OFFICE),
    Part(
        "audit", "临澜市审计局", "审计局", ("audit_office",), (("auditor", "审计员", ("auditor",)),)
    ),
    Part("citizen", "社会公众", "公众", ("public",), (("subject", "市民", ("subject",)),)),
)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"


@dataclass(slots=True)
class Cast:
    """Who is who: organisation ids by code, and (person, post) by organisation and duty."""

    organisations: dict[str, str] = field(default_factory=dict)
    people: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def organisation(self, code: str) -> str:
        """Return the id of the organisation."""
        return self.organisations[code]

    def actor(self, code: str, duty: str, at: datetime) -> Actor:
        """Return the person with that duty in that organisation, acting at `at`."""
        person, post = self.people[code, duty]
        return acting(person_id=person, post_id=post, at=at)


def record(at: datetime) -> Cast:
    """Record every organisation, post and person of the cast, and return who is who."""
    cast = Cast()
    for place, part in enumerate(PARTS):
        add(cast, part, surname=SURNAMES[place % len(SURNAMES)], at=at)
    return cast


def add(cast: Cast, part: Part, *, surname: str, at: datetime) -> None:
    """Record one organisation with its posts."""
    by = node()
    row = actions.found(
        name=part.name, short_name=part.short, roles=part.roles, region="139900", by=by, at=at
    )
    cast.organisations[part.code] = row.pk
    for place, (duty, title, duties) in enumerate(part.posts):
        name = surname + ("一鸣", "静之", "远", "思齐", "明德")[place % 5]
        holding = actions.appoint(
            organisation_id=row.pk, title=title, duties=duties, person_name=name, by=by, at=at
        )
        cast.people[part.code, duty] = (holding.person_id, holding.post_id)


def add_enterprise(cast: Cast, code: str, *, name: str, uscc: str, at: datetime) -> None:
    """Record an enterprise that acts for itself: it authorises, and it objects."""
    by = node()
    row = actions.found(name=name, short_name=name, uscc=uscc, roles=("public",), by=by, at=at)
    holding = actions.appoint(
        organisation_id=row.pk,
        title="法定代表人",
        duties=("subject",),
        person_name="企业代表",
        by=by,
        at=at,
    )
    cast.organisations[code] = row.pk
    cast.people[code, "subject"] = (holding.person_id, holding.post_id)
