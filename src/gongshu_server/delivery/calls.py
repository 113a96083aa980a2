"""A call on its way: who calls, what is decided, and the record of it.

The order is the same for everybody: key, product, subject commitment, authorisation, decision,
then the record, forced to disk, and only then an answer. A caller that
the node does not know goes the same way with an empty key and an empty product, so neither the
bytes nor the time of its 404 tell which of the two was wrong (S10).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gongshu.policy import PUBLIC, Decision, Use, decide
from gongshu.vocabulary.actions import Action
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.purposes import Purpose
from gongshu_server.accounts.digests import key_digest, subject_commitment
from gongshu_server.delivery.commits import GroupCommit
from gongshu_server.delivery.entitlements import (
    VERIFICATION,
    Entitlements,
    KeyEntry,
    Product,
)
from gongshu_server.delivery.quotas import Allowance, Purse
from gongshu_server.usage import subjects
from gongshu_server.usage.authorisations import Authorisations, Authorised
from gongshu_server.usage.records import Drawn, draw

STRANGER: Final = KeyEntry(digest="", id="", party="", person="", post="", purpose="")
NOTHING: Final = Product(
    id="", form="", file=Path(), question="", unit="", as_of="", items=frozenset()
)
_PURPOSES: Final = frozenset(map(str, Purpose))
AMOUNT: Final = 1
"""One call is one unit of its product, a verification as well as a download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a request says; empty where it says nothing."""

    key: str
    product: str
    form: str
    subject: str = ""
    subject_in_url: bool = False
    purpose: str = ""
    items: frozenset[str] = frozenset()
    authorisation: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls and for what, as far as the node knows them; all read from one state."""

    entitlements: Entitlements
    at: datetime
    key: KeyEntry
    product: Product
    group: str
    named: str
    """The id of the product that was asked for, when there is one, for the record only."""
    allowances: tuple[Allowance, ...]
    """The quotas of the control group on the product."""

    @property
    def scope(self) -> str:
        """What the group's quotas on the product are counted under."""
        return f"{self.group}/{self.product.id}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The decision on a call, and what follows from it."""

    decision: Decision
    use: Use
    subject: str
    commitment: str
    fault: Invalid | None = None
    charges: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the call gets what it asks for."""
        return self.decision.allowed and self.fault is None


def identify(entitlements: Entitlements, call: Call, *, secret: bytes) -> Caller:
    """Return who calls; an unknown, ended or foreign key is a stranger that asks for nothing."""
    at = datetime.now(UTC) + entitlements.offset
    key = entitlements.keys.get(key_digest(secret, call.key), STRANGER)
    product = entitlements.products.get(call.product, NOTHING)
    named = product.id
    if key is STRANGER or not key.opens(call.product, at):
        # Without a product there is no grant, not even one of the public.
        key, product = STRANGER, NOTHING
    group = entitlements.group_of(key.party)
    allowances = entitlements.allowances(group, product.object)
    return Caller(entitlements, at, key, product, group, named, allowances)


class Judge:
    """Decides calls, charges quotas and writes the records of one process."""

    def __init__(
        self,
        *,
        secret: bytes,
        purse: Purse,
        authorisations: Authorisations,
        log: GroupCommit[Drawn, str],
    ) -> None:
        self._secret, self._purse = secret, purse
        self._authorisations, self._log = authorisations, log
        self._spend = GroupCommit(authorisations.consume)

    async def judge(self, caller: Caller, call: Call) -> Judgement:
        """Decide a call; what it charges and the authorisation it uses up are taken when allowed.

        The subject is looked up nowhere on this way.
        """
        product, subject = caller.product, subjects.spelling(call.subject)
        commitment = subject_commitment(self._secret, product.id, subject)
        use = _use(caller, call, self._authorised(caller, call, subject))
        decision = self._decide(caller, use)
        fault = _fault(product, call, subject) if decision.allowed else None
        if fault is not None or not decision.allowed:
            return Judgement(decision, use, subject, commitment, fault)
        charges = self._charge(caller, decision, AMOUNT)
        judgement = Judgement(decision, use, subject, commitment, None, charges)
        grant = caller.entitlements.index.get(decision.grant or "")
        if grant is not None and grant.subject_authorisation:
            return await self._use_up(caller, call, judgement)
        return judgement

    async def record(self, caller: Caller, judgement: Judgement) -> str:
        """Write the record of a call and return its receipt id; it is on disk by then."""
        use, decision = judgement.use, judgement.decision
        answerable = judgement.answerable
        outcome = "allowed" if answerable else "invalid" if decision.allowed else "refused"
        body = {
            "action": str(use.action),
            "amount": AMOUNT if answerable else 0,
            "broken": _broken(judgement),
            "grant": decision.grant or "",
            "items": _named(use.items, caller.product) if decision.party_known else [],
            "key": caller.key.id,
            "outcome": outcome,
            "party": caller.key.party,
            "product": caller.named,
            "purpose": use.purpose if use.purpose in _PURPOSES else "",
            "subject": judgement.commitment,
            "unit": caller.product.unit,
        }
        return await self._log.submit(draw(body, at=caller.at, charges=judgement.charges))

    def take_back(self, caller: Caller, judgement: Judgement) -> None:
        """Take back what an allowed call charged when it cannot be answered after all."""
        self._charge(caller, judgement.decision, -AMOUNT)

    def _authorised(self, caller: Caller, call: Call, subject: str) -> bool:
        if not call.authorisation:
            return False
        asked = _authorised_for(caller, call, subject)
        return self._authorisations.holds(call.authorisation, asked, at=caller.at)

    def _decide(self, caller: Caller, use: Use) -> Decision:
        party = caller.key.party
        own = [one for one in caller.allowances if one.grantee in (party, PUBLIC)]
        spent = self._purse.spent(caller.scope, own, amount=AMOUNT, at=caller.at) if own else {}
        return decide(caller.entitlements.index, use, spent)

    def _charge(self, caller: Caller, decision: Decision, amount: int) -> tuple[str, ...]:
        if not caller.allowances:
            return ()
        charged = self._purse.charge(
            caller.scope, caller.allowances, decision.grant or "", amount=amount, at=caller.at
        )
        return tuple(charged)

    async def _use_up(self, caller: Caller, call: Call, judgement: Judgement) -> Judgement:
        """Use up the authorisation that the grant demands; whoever comes second is refused."""
        first = False
        try:
            first = await self._spend.submit(call.authorisation)
        finally:
            if not first:
                self.take_back(caller, judgement)
        if first:
            return judgement
        use = replace(judgement.use, subject_authorised=False)
        return replace(judgement, decision=self._decide(caller, use), use=use, charges=())


def _use(caller: Caller, call: Call, authorised: bool) -> Use:
    key, product = caller.key, caller.product
    return Use(
        party=key.party,
        object=product.object,
        action=Action.call,
        items=product.items | call.items,
        purpose=call.purpose or key.purpose,
        business=key.business,
        region=product.region,
        at=caller.at,
        amount=AMOUNT,
        subject_authorised=authorised,
        minimum=product.minimum,
        rows=1 if product.form == VERIFICATION else product.rows,
        scenario=key.scenario,
    )


def _authorised_for(caller: Caller, call: Call, subject: str) -> Authorised:
    product = caller.product
    purpose = call.purpose or caller.key.purpose
    return Authorised(subject, caller.group, purpose, product.id, product.question)


def _fault(product: Product, call: Call, subject: str) -> Invalid | None:
    """Return what makes an allowed call unanswerable; only a party to a grant ever sees it."""
    if product.form != call.form:
        door = "verify" if product.form == VERIFICATION else "data"
        return Invalid(f"这个产品请通过 /{door} 调用。", code="wrong_form")
    if not call.items <= product.items:
        extra = "、".join(sorted(call.items - product.items))
        return Invalid(f"这个产品不含数据项：{extra}。请去掉后重试。", code="items_not_offered")
    if call.form != VERIFICATION:
        return None
    if product.subject_kind == "person" and call.subject_in_url:
        sentence = "个人的身份号码不能写在网址里，请改用 POST，把参数放在请求内容中。"
        return Invalid(sentence, code="subject_in_url")
    try:
        subjects.check(product.subject_kind, subject)
    except Invalid as fault:
        return fault
    return None


def _named(items: frozenset[str], product: Product) -> list[str]:
    """Return the items as the record names them: of what the product does not have, the number.

    The record stays for ever, and a caller can write anything where an item's name belongs.
    """
    known, others = sorted(items & product.items), len(items - product.items)
    return [*known, f"+{others}"] if others else known


def _broken(judgement: Judgement) -> list[str]:
    if judgement.fault is not None:
        return [judgement.fault.code]
    return [reason.limit for reason in judgement.decision.reasons]
