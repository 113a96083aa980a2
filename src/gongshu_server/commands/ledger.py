"""`gongshu ledger`: everything here needs files and a public key, and no node."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gongshu.ledger.notes import Verifier
from gongshu.ledger.receipts import verify_receipt
from gongshu.ledger.verify import verify_folder
from gongshu.vocabulary.errors import DomainError

ledger = typer.Typer(
    no_args_is_help=True, help="存证日志：离线验证，不需要节点 / the ledger, offline"
)
KeyFile = Annotated[
    Path,
    typer.Option(
        "--key",
        exists=True,
        dir_okay=False,
        help="公钥文件；必须另行取得，不能取自日志目录 / the public key",
    ),
]


def _verifier(key: Path) -> Verifier:
    try:
        return Verifier.parse(key.read_text(encoding="ascii").strip())
    except (UnicodeDecodeError, DomainError):
        typer.echo(f"“{key}”不是公钥文件，请核对：它应只有一行 vkey。", err=True)
        raise typer.Exit(2) from None


@ledger.command()
def verify(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="日志目录 / the ledger's folder")
    ],
    key: KeyFile,
) -> None:
    """逐字节验证整个日志；0 通过，1 有错，3 通过但未经见证 / verify every byte."""
    if key.resolve().is_relative_to(folder.resolve()):
        typer.echo("公钥不能取自被验证的目录，请从别处取得公钥文件。", err=True)
        raise typer.Exit(2)
    report = verify_folder(folder, _verifier(key))
    for line in report.lines_zh():
        typer.echo(line)
    raise typer.Exit(report.exit_code)


@ledger.command()
def receipt(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="存证回执文件 / the receipt")
    ],
    key: KeyFile,
) -> None:
    """验证一张存证回执及其内容 / verify a receipt with its opening."""
    verified = verify_receipt(file.read_bytes(), _verifier(key))
    for line in verified.lines_zh():
        typer.echo(line)
    typer.echo(verified.opening.body.decode())
    raise typer.Exit(verified.exit_code)
