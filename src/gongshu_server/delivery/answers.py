"""Answers: a verification's one word, a dataset's stream; each only after its record is on disk.

A verification answers about a fact of a public register, so it may say that there is no record
(disclosure-control §7). Subject-level answers about anything else are another form of product.
"""

from __future__ import annotations

import sqlite3
from json.encoder import encode_basestring as _text
from typing import Final

from gongshu.vocabulary.errors import Unavailable
from gongshu_server.delivery.calls import Call, Caller, Judge, Judgement
from gongshu_server.delivery.entitlements import DATASET, Product
from gongshu_server.delivery.refusals import NOT_FOUND, Response, invalid, refused, response
from gongshu_server.delivery.serving import ServingFiles
from gongshu_server.delivery.streams import Stream, stream

NO_RECORD: Final = "查无记录"
UNDER_OBJECTION: Final = "异议处理中"


async def answer(
    judge: Judge, files: ServingFiles, caller: Caller, call: Call
) -> Response | Stream:
    """Return the answer to a call, or its refusal; the record of either is on disk by then.

    Raises Unavailable when the product's file cannot be read; nothing is charged then.
    """
    judgement = await judge.judge(caller, call)
    if not judgement.answerable:
        return await _refuse(judge, caller, judgement)
    product = caller.product
    try:
        word, columns = "", []
        if call.form == DATASET:
            columns = files.columns(product.file)
        else:
            word = _look_up(files, product, judgement)
    except (sqlite3.Error, Unavailable) as error:
        judge.take_back(caller, judgement)
        raise _file_unavailable() from error
    receipt = await judge.record(caller, judgement)
    if call.form == DATASET:
        return stream(product, files.rows(product.file), columns, receipt, call.format)
    return _verified(product, word, receipt)


async def _refuse(judge: Judge, caller: Caller, judgement: Judgement) -> Response:
    receipt = await judge.record(caller, judgement)
    if not judgement.decision.party_known:
        return NOT_FOUND
    if judgement.fault is not None:
        return invalid(judgement.fault, receipt)
    return refused(judgement.decision, receipt)


def _look_up(files: ServingFiles, product: Product, judgement: Judgement) -> str:
    if judgement.commitment in product.suspended:
        return UNDER_OBJECTION
    return files.answer(product.file, judgement.subject) or NO_RECORD


def _verified(product: Product, word: str, receipt: str) -> Response:
    body = (
        f'{{"answer":{_text(word)},"as_of":{_text(product.as_of)},'
        f'"receipt":{_text(receipt)},"product":{_text(product.id)}}}'
    )
    return response(
        200,
        b"application/json; charset=utf-8",
        body.encode(),
        (b"gongshu-receipt", receipt.encode()),
    )


def _file_unavailable() -> Unavailable:
    return Unavailable(
        "产品的服务文件暂时不可用，本次调用未计费。请稍后重试，或联系运营机构。",
        code="product_unavailable",
    )
