"""What can be done with an object under a grant."""

from __future__ import annotations

from gongshu.vocabulary.terms import Term


class Action(Term):
    """The acts on a resource or product that a grant names one by one."""

    process = "process", "定型与探查"
    read = "read", "预览"
    query = "query", "加工查询"
    build = "build", "产品构建"
    export = "export", "结果导出"
    call = "call", "产品调用"
    download = "download", "开放下载"
