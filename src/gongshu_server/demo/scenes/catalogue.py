"""Catalogue and lake: departments file resources, files become snapshots, people confirm levels."""

from __future__ import annotations

from gongshu.lake.subjects import MatchReport
from gongshu_server.accounts.actors import node
from gongshu_server.cases.documents import Paper
from gongshu_server.catalogue import actions, intake
from gongshu_server.catalogue.models import Item, Snapshot
from gongshu_server.demo import real
from gongshu_server.demo.stage import Scene, Stage, assure, refused
from gongshu_server.demo.tables import Table
from gongshu_server.usage import ingest


def file_resources(stage: Stage) -> str:
    """Every department files its entries and has their secrecy reviewed."""
    for key, table in stage.tables.items():
        at = stage.time.minutes(5)
        entry = actions.Entry(
            title=table.title,
            table=table.title,
            summary=table.about,
            items=table.items,
            update_cycle="每月",
            synthetic=not table.real,
        )
        resource = actions.file_resource(
            entry=entry,
            authority=stage.organisation("bureau"),
            by=stage.actor(table.department),
            at=at,
        )
        stage.ids[f"resource.{key}"] = resource.pk
    refused(lambda: _receive(stage, _first(stage)), "no_secrecy_review", clause="opinions-12.8")
    for key, table in stage.tables.items():
        paper = Paper(
            kind="secrecy_review",
            title="保密审查意见",
            text="经审查，不涉及国家秘密和工作秘密。",
            number=f"保审〔{stage.time.at.year}〕{len(key)}号",
            issuer=table.department,
        )
        actions.record_secrecy_review(
            resource_id=stage.resource(key),
            papers=[paper],
            by=stage.actor(table.department, "head"),
            at=stage.time.minutes(1),
        )
    return f"{len(stage.tables)} 个资源已报送并作保密审查；审查前送来的文件被拒收"


def _first(stage: Stage) -> Table:
    return next(iter(stage.tables.values()))


def _receive(stage: Stage, table: Table) -> str:
    received = intake.store(
        stage.resource(table.key), table.path, by=stage.actor(table.department), at=stage.time.at
    )
    return received.pk


def read_files(stage: Stage) -> str:
    """Files as they come become typed versions; what does not fit waits in the reject table."""
    for table in stage.tables.values():
        stage.time.minutes(1)
        ingest.ingest(_receive(stage, table), by=node(), at=stage.time.at)
    rows = rejects = 0
    for snapshot in Snapshot.objects.select_related("resource", "received"):
        known = snapshot.understood
        assure(
            known["records"] == snapshot.rows + snapshot.rejects,
            f"{snapshot.resource.title}：行数对不上，有行不见了",
        )
        rows, rejects = rows + snapshot.rows, rejects + snapshot.rejects
        stage.notes += [f"{snapshot.received.name}：{said}" for said in known["sentences"]]
        if snapshot.match and snapshot.match["method"] != "none":
            report = MatchReport(**snapshot.match)
            stage.notes.append(
                f"{snapshot.resource.title}：企业主体匹配率 {report.rate:.1%}（{report.method}）"
            )
    if stage.tables["safety_licences"].real:
        stage.facts |= real.subjects(stage)
    return f"{len(stage.tables)} 个文件成为数据版本：{rows} 行入库，{rejects} 行待核，一行不少"


def confirm_levels(stage: Stage) -> str:
    """People confirm category, level, grade and identifier class; the authority publishes."""
    for key, table in stage.tables.items():
        confirmations = {
            name: actions.Confirmation(lattice=lattice) for name, lattice in table.lattices.items()
        }
        actions.confirm_levels(
            resource_id=stage.resource(key),
            confirmations=confirmations,
            by=stage.actor(table.department, "head"),
            at=stage.time.minutes(2),
        )
    refused(
        lambda: actions.publish(
            resource_id=stage.resource(_first(stage).key),
            by=stage.actor(_first(stage).department, "head"),
            at=stage.time.at,
        ),
        "not_permitted",
    )
    stage.time.working_days(1)
    for key in stage.tables:
        actions.publish(
            resource_id=stage.resource(key),
            by=stage.actor("bureau", "head"),
            at=stage.time.minutes(2),
        )
    direct = Item.objects.filter(identifier="direct").count()
    total = Item.objects.count()
    assure(direct > 0, "没有识别出任何直接标识符")
    return f"{total} 个数据项已由人确认分类分级，其中直接标识符 {direct} 个；目录已发布"


SCENES = (
    Scene(
        "编目：部门报送目录并作保密审查",
        ("809-13", "opinions-12.8"),
        "全部报送；保密审查前拒收文件",
        file_resources,
    ),
    Scene(
        "入湖：原样接收文件，读成数据版本",
        ("809-13", "opinions-1.1"),
        "每个文件都成为数据版本，行数守恒",
        read_files,
        ("safety_licences", "inspections", "tax_arrears"),
    ),
    Scene(
        "分类分级：机器建议，人来确认，主管部门发布",
        ("opinions-4.3", "809-16", "809-17"),
        "全部确认并发布；部门自己不能发布",
        confirm_levels,
    ),
)
