"""What a browser is told when there is no page: one sentence and what to do next.

Nothing here reads the database or repeats what was asked for: an address may hold somebody's data.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be understood."""
    return _page(request, 400, _("请求有误"), _("地址或内容有误，请核对后重试。"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that is not allowed."""
    return _page(request, 403, _("不允许"), _("这一页不能这样打开，请从首页进入。"))


def not_ours(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that did not come from a page of this node, or is too old (CSRF)."""
    sentence = _("这张表单已经失效，或不是从本节点的页面提交的。请返回上一页，刷新后重新提交。")
    return _page(request, 403, _("表单已失效"), sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for a page that is not there."""
    return _page(request, 404, _("没有这一页"), _("请核对网址，或从首页进入。"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when the node has failed; what happened is in its log, without what was asked."""
    sentence = _("服务内部出错，运行单位已得到记录。请稍后重试；仍然出错时请联系运行单位。")
    return _page(request, 500, _("内部错误"), sentence)


def _page(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    context = {"title": title, "sentence": sentence, "language": get_language()}
    # Without the request: the frame of other pages reads the database.
    return HttpResponse(render_to_string("portal/failure.html", context), status=status)
