"""`gongshu`: what a newcomer types first. Each command parses, makes one call, presents."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gongshu.lake.parts import located
from gongshu.vocabulary.errors import DomainError, NotFound

app = typer.Typer(
    name="gongshu",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=(
        "公枢：公共数据资源的目录、授权、加工、交付与存证。\n\n"
        "第一次使用：[bold]gongshu demo[/bold] 造一座演示城市并走完全程；"
        "正式安装：[bold]gongshu init[/bold]，然后 [bold]gongshu serve[/bold]。\n\n"
        "Gongshu runs a public-data authority's regime. Start with [bold]gongshu demo[/bold]."
    ),
)
Home = Annotated[
    Path | None, typer.Option("--home", help="节点目录，默认取 GONGSHU_HOME / the node's folder")
]

# What was named on the command line is not there or is something else.
UNUSABLE = frozenset({"no_backup", "no_node", "no_such_file", "port_taken"})


def set_up(home: Path | None = None) -> None:
    """Point the node at its folder and load Django; must run before any model is imported."""
    if home is not None:
        os.environ["GONGSHU_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gongshu_server.settings")
    import django

    django.setup()


def require_node(home: Path | None) -> None:
    """Raise NotFound, before anything is made in the folder, unless a node was founded there."""
    from gongshu_server import configuration

    if home is not None:
        os.environ["GONGSHU_HOME"] = str(home)
    folder = configuration.home()
    if not (folder / "keys" / "ledger.key").is_file():
        raise NotFound(
            f"{folder} 里还没有节点。想先看看：make demo（或 gongshu demo）造一座演示城市并打开；"
            f"正式使用：gongshu init --home 目录，然后 gongshu serve --home 目录。",
            code="no_node",
        )


@app.command()
def init(
    name: Annotated[str, typer.Option(help="数据管理部门全称")] = "数据局",
    person: Annotated[str, typer.Option(help="负责人姓名")] = "负责人",
    home: Home = None,
) -> None:
    """新建节点：数据库、密钥、第一个机构、负责人和三员 / make a new node."""
    set_up(home)
    from gongshu_server.commands import founding

    founding.initialise(name=name, person=person, console=Console())


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="端口 / port")] = 8610,
    host: Annotated[str, typer.Option(help="监听地址 / address")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help="服务进程数 / server processes")] = 1,
    home: Home = None,
) -> None:
    """启动节点：服务、后台任务、加工区 / serve the node."""
    require_node(home)
    from gongshu_server.commands import serving

    serving.refuse_unfit(host)
    raise typer.Exit(serving.serve(host=host, port=port, workers=workers))


@app.command(hidden=True)
def fit(host: Annotated[str, typer.Option()] = "127.0.0.1") -> None:
    """Say why the node may not be served at an address, if so; the parent of the servers asks."""
    set_up(None)
    from gongshu_server.commands import founding, serving
    from gongshu_server.upkeep import upgrading

    upgrading.refuse_other_version()
    if not serving.is_local(host):
        founding.refuse_demo(host)


@app.command()
def worker(home: Home = None) -> None:
    """只启动后台任务进程 / run the worker process alone."""
    require_node(home)
    set_up(home)
    from gongshu_server.commands import serving

    serving.work()


@app.command()
def demo(  # noqa: PLR0917 - one option each; typer calls it by name
    port: Annotated[int, typer.Option(help="端口 / port")] = 8610,
    data: Annotated[
        Path | None, typer.Option("--data", help="用这个目录里的真实表格走同一个故事 / real tables")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="把每一幕的结果写成 JSON / write the outcome")
    ] = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="走完即止 / stop after the story")
    ] = False,
    as_of: Annotated[
        str,
        typer.Option(
            "--as-of", help="故事结束的日期，默认今天 / the day the story ends, YYYY-MM-DD"
        ),
    ] = "",
    scale: Annotated[float, typer.Option(help="城市规模，1 为两万家企业 / size of the city")] = 1.0,
    seed: Annotated[int, typer.Option(help="随机种子 / seed")] = 20240921,
    home: Annotated[
        Path | None, typer.Option("--home", help="演示目录，默认 var/demo / the demo's folder")
    ] = None,
) -> None:
    """造一座演示城市，走完全程，然后打开节点 / build a demo city, run the story, serve."""
    folder = home or Path("var/demo")
    from gongshu_server.demo.house import fresh_home

    fresh_home(folder)
    set_up(folder)
    from gongshu_server.demo import run

    ok = run.story(data=data, json_file=json_file, as_of=as_of, scale=scale, seed=seed)
    if not ok or no_serve:
        raise typer.Exit(0 if ok else 1)
    run.say_what_to_try(port=port)
    # What was printed to be copied stays on the screen.
    os.environ.setdefault("GONGSHU_LOG", "quiet")
    # A fresh process serves: what the story has loaded is not needed any more.
    serve = ["-m", "gongshu_server.commands", "serve", "--port", str(port), "--home", str(folder)]
    os.execv(sys.executable, [sys.executable, *serve])  # noqa: S606 - our own interpreter


@app.command()
def status(home: Home = None) -> None:
    """节点能不能服务、哪里不对；0 正常，1 不正常 / whether the node can serve."""
    require_node(home)
    set_up(home)
    from gongshu_server.commands import keeping

    raise typer.Exit(keeping.status(Console()))


Passphrase = Annotated[
    str,
    typer.Option(
        envvar="GONGSHU_PASSPHRASE",
        help="备份密钥的口令；不写则提示输入 / of the backup's secrets; asked for when not given",
    ),
]


def asked(passphrase: str, *, twice: bool) -> str:
    """Return the passphrase, from the terminal when it was not given."""
    return passphrase or typer.prompt("口令", hide_input=True, confirmation_prompt=twice)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="备份目录，每份备份在其中一个新目录 / the folder")],
    verify: Annotated[
        bool, typer.Option("--verify", help="只核对最近一份，不写新的 / check the latest one")
    ] = False,
    passphrase: Passphrase = "",
    home: Home = None,
) -> None:
    """备份整个节点，不必停机 / back up the whole node while it serves."""
    if verify:
        from gongshu_server.upkeep import unpacking

        typer.echo(f"备份 {unpacking.check(target).name} 完整：每个字节都与清单一致。")
        return
    require_node(home)
    set_up(home)
    from gongshu_server.commands import keeping

    keeping.back_up(target, passphrase=asked(passphrase, twice=True), console=Console())


@app.command()
def restore(  # noqa: PLR0917 - one option each; typer calls it by name
    source: Annotated[Path, typer.Argument(help="一份备份，或备份目录（取最近一份）/ a backup")],
    home: Annotated[Path, typer.Option("--home", help="恢复到哪个新目录 / the new node's folder")],
    person: Annotated[str, typer.Option(help="由谁恢复，写入存证 / who restores")] = "",
    reason: Annotated[str, typer.Option(help="为什么恢复，写入存证 / why")] = "",
    ledger: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, exists=True, help="现存的存证日志目录 / the ledger that survived"
        ),
    ] = None,
    nothing_later: Annotated[
        bool,
        typer.Option("--nothing-later", help="声明备份之后没有公布过签名锚点 / none was published"),
    ] = False,
    passphrase: Passphrase = "",
) -> None:
    """从备份恢复一个节点到新目录 / restore a node from a backup into a new folder."""
    from gongshu_server.upkeep import unpacking

    declared = unpacking.Declaration(person, reason, ledger, nothing_later)
    unpacked = unpacking.unpack(
        source, declared, home=home, passphrase=asked(passphrase, twice=False)
    )
    set_up(unpacked.folder)
    from gongshu_server.commands import keeping

    keeping.restore(unpacked, console=Console())


@app.command()
def upgrade(
    target: Annotated[
        Path | None, typer.Option("--backup", help="升级前的备份放哪里 / where the backup goes")
    ] = None,
    passphrase: Passphrase = "",
    home: Home = None,
) -> None:
    """换了程序版本之后升级数据库；先备份，须先停下节点 / bring the database to this version."""
    require_node(home)
    set_up(home)
    from gongshu_server.commands import keeping

    given = asked(passphrase, twice=True) if keeping.needs_upgrade() else ""
    keeping.upgrade(target, passphrase=given, console=Console())


@app.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(help="要接收的文件 / the file")],
    resource: Annotated[str, typer.Option(help="数据资源编号 / the resource's id")],
    key: Annotated[str, typer.Option(envvar="GONGSHU_KEY", help="您的凭证 / your key")],
    home: Home = None,
) -> None:
    """以凭证所属人员的身份接收一个文件 / receive a file as the person whose key this is."""
    if not located(file)[0].is_file():
        raise NotFound(f"没有这个文件：{file}。请核对路径。", code="no_such_file")
    require_node(home)
    set_up(home)
    from gongshu_server.commands import importing

    importing.receive(file, resource_id=resource, key=key, console=Console())


@app.command()
def key(
    post: Annotated[str, typer.Option(help="岗位编号 / the post's id")],
    person: Annotated[str, typer.Option(help="任职人员编号 / the person's id")],
    label: Annotated[str, typer.Option(help="凭证用途 / what it is for")] = "首个凭证",
    home: Home = None,
) -> None:
    """为新机构的任职人员发放首个凭证（写入存证）/ issue a first key to whoever holds a post."""
    require_node(home)
    set_up(home)
    from gongshu_server.commands import founding

    founding.first_key(post_id=post, person_id=person, label=label, console=Console())


@app.command()
def password(
    person: Annotated[str, typer.Option(help="人员编号 / the person's id")],
    login: Annotated[str, typer.Option(help="还没有登录名时，开通这个登录名 / a new name")] = "",
    home: Home = None,
) -> None:
    """签发口令设置链接，只能用一次 / a one-time link with which a person sets a password."""
    require_node(home)
    set_up(home)
    from gongshu_server.commands import founding

    founding.password_link(person_id=person, username=login, console=Console())


@app.command()
def clauses(
    code: Annotated[str, typer.Argument(help="条款编号，如 809-21；留空列出全部")] = "",
) -> None:
    """查条款：出处、要点、服务的职责 / look up a clause."""
    from gongshu_server.commands import looking_up

    looking_up.clauses(code, Console())


@app.command(name="check-host")
def check_host() -> None:
    """检查本机能提供哪些隔离措施 / what this host offers to lock workers in."""
    from gongshu_server.commands import looking_up

    raise typer.Exit(looking_up.check_host(Console()))


@app.command(hidden=True)
def docs(
    write: Annotated[Path | None, typer.Option("--write")] = None,
    check: Annotated[Path | None, typer.Option("--check")] = None,
) -> None:
    """Write or check the generated documents."""
    set_up(None)
    from gongshu_server.commands import documents

    raise typer.Exit(documents.run(write=write, check=check))


def main() -> None:
    """Run the command line; a refusal is one Chinese sentence on stderr and exit status 1.

    Status 2 says that something that was named on the line cannot be used at all.
    """
    from gongshu_server.commands import assessing, judging
    from gongshu_server.commands.ledger import ledger

    app.add_typer(ledger, name="ledger")
    judging.register(app)
    assessing.register(app)
    try:
        app()
    except DomainError as error:
        clause = f"（依据 {error.clause}）" if error.clause else ""
        sys.stderr.write(f"{error.sentence}{clause}\n")
        raise SystemExit(2 if error.code in UNUSABLE else 1) from None
    except Exception as error:
        if type(error).__module__ != "django.db.utils":
            raise  # A defect, to be seen as such.
        sys.stderr.write(
            f"数据库没有响应或写不下（{type(error).__name__}）。"
            "请检查磁盘空间、节点目录的权限和 GONGSHU_DATABASE。\n"
        )
        raise SystemExit(1) from None
