"""Notices: lights tell once, each person has read for themselves, mails go out once and late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import node
from gongshu_server.accounts.models import Organisation, Post, Profile
from gongshu_server.accounts.profiles import profile
from gongshu_server.cases import actions, notices, outbox
from gongshu_server.cases.channels import EMail, Message, Undeliverable, channels, plain
from gongshu_server.cases.models import Case, Clock, Delivery, Notice, NoticeRead
from gongshu_server.registration import actions as registration
from integration.city import BEIJING, City, details, events, publicised, refused, submitted

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "\u202e<b>临澜市\u2066数据局</b>"


class Gateway:
    """A channel that keeps what it is given, or refuses as it is told."""

    code = "email"

    def __init__(self) -> None:
        self.carried: list[Message] = []
        self.fault: Undeliverable | BaseException | None = None

    def address_of(self, profile: Any) -> str:
        return str(profile.email)

    def carry(self, message: Message) -> None:
        if self.fault is not None:
            raise self.fault
        self.carried.append(message)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def wish(city: City, who: str, kind: str = "each", email: str = "zhao@example.cn") -> Profile:
    row: Profile = city.do(accounts.change_profile, who, email=email, notices=kind)
    return row


def deliver(city: City, gateway: Gateway) -> int:
    return outbox.deliver([gateway], by=node(), at=city.later())


def tell(
    city: City, text: str = "有一件事", code: str = "bureau", case: Case | None = None
) -> None:
    notices.notify([city.org(code)], case=case, text=text, at=city.later())


def test_the_lights_of_a_limit_tell_once_each_whoever_is_bound(city: City) -> None:
    row = submitted(city)
    clock = Clock.objects.get(case_id=row.case, limit="reg.accept")
    length = clock.due - clock.started_at
    told: list[tuple[str, set[str]]] = []
    for share in (0.49, 0.51, 0.79, 0.81, 0.99, 1.01, 1.5):
        city.at = clock.started_at + length * share
        before = set(Notice.objects.values_list("pk", flat=True))
        count = city.do(actions.note_lights, "node")
        assert city.do(actions.note_lights, "node") == 0
        new = list(Notice.objects.exclude(pk__in=before).filter(case_id=row.case))
        assert bool(new) == (count > 0)
        if new:
            told.append((new[0].text.split("”")[1][:4], {n.organisation_id for n in new}))
    registry, bureau = city.org("registry"), city.org("bureau")
    assert told == [
        ("已用去一", {registry}),
        ("已用去八", {registry}),
        ("已逾期，", {registry, bureau}),
    ]
    lights = [(e.event, details(e)["light"]) for e in events("case.light", "case.overdue")]
    assert lights == [("case.light", "50"), ("case.light", "80"), ("case.overdue", "overdue")]


def test_after_a_standstill_only_the_last_light_counts(city: City) -> None:
    row = submitted(city)
    city.at = Clock.objects.get(case_id=row.case, limit="reg.accept").due + timedelta(days=9)
    assert city.do(actions.note_lights, "node") == 1
    assert [e.event for e in events("case.light", "case.overdue")] == ["case.overdue"]


def test_a_period_that_has_to_run_out_is_nobodys_lateness(city: City) -> None:
    row = publicised(city)
    clock = Clock.objects.get(case_id=row.case, limit="reg.publicity")
    city.at = clock.due - timedelta(hours=1)
    assert city.do(actions.note_lights, "node") == 0
    city.at = clock.due
    assert city.do(actions.note_lights, "node") == 1
    assert not events("case.overdue")
    (event,) = events("case.period_ended")
    assert event.clause == "26-12"
    newest = Notice.objects.order_by("-id").first()
    assert newest is not None
    assert "已届满" in newest.text


def test_a_stopped_limit_has_no_light(city: City) -> None:
    row = submitted(city)
    clock = Clock.objects.get(case_id=row.case, limit="reg.accept")
    city.do(registration.accept, "registry", registration_id=row.pk)
    city.at = clock.due
    assert city.do(actions.note_lights, "node") == 0


def test_each_person_has_read_for_themselves(city: City) -> None:
    tell(city)
    tell(city, code="water")
    handler, head = city.who("bureau"), city.who("bureau/head")
    ids = list(Notice.objects.order_by("id").values_list("pk", flat=True))
    assert city.do(actions.mark_read, "bureau", notice_ids=ids) == 1
    assert city.do(actions.mark_read, "bureau", notice_ids=ids) == 0
    assert [n.read for n in notices.to_read(by=handler)] == [True]  # type: ignore[attr-defined] # annotated
    assert not notices.unread(by=handler).exists()
    assert notices.unread(by=head).count() == 1
    assert NoticeRead.objects.count() == 1
    assert len(events("notice.read")) == 1


def test_without_a_channel_notices_stay_in_the_inbox(city: City) -> None:
    wish(city, "bureau")
    tell(city)
    assert channels() == ()
    assert outbox.awaiting([], at=city.at)
    assert outbox.deliver([], by=node(), at=city.later()) == 0
    assert not outbox.awaiting([], at=city.at)
    assert not Delivery.objects.exists()


def test_a_mail_goes_to_who_wishes_for_it_and_once(city: City, gateway: Gateway) -> None:
    wish(city, "bureau")
    tell(city, "请办理")
    assert deliver(city, gateway) == 1
    assert deliver(city, gateway) == 0
    (message,) = gateway.carried
    assert message.to == "zhao@example.cn"
    assert "请办理" in message.text
    assert [e.event for e in events("notice.spread", "notice.sent")] == [
        "notice.spread",
        "notice.sent",
    ]
    assert "zhao@" not in "".join(e.body or "" for e in events())


def test_a_subject_names_a_number_and_nobody(city: City, gateway: Gateway) -> None:
    row = submitted(city)
    case = Case.objects.get(pk=row.case)
    Case.objects.filter(pk=case.pk).update(title="赵某某的申请")
    Notice.objects.update(spread_at=city.at)
    wish(city, "bureau")
    tell(city, "赵某某的申请：请补正。", case=case)
    deliver(city, gateway)
    assert gateway.carried[0].subject == f"公枢通知 {case.number}"


def test_names_are_plain_text(city: City, gateway: Gateway) -> None:
    Organisation.objects.filter(pk=city.org("bureau")).update(name=NAME)
    wish(city, "bureau")
    tell(city, "改名\r\nBcc: x@example.cn\n为\u202e<script>")
    deliver(city, gateway)
    (message,) = gateway.carried
    assert "<b>临澜市数据局</b>" in message.text
    assert "改名 Bcc: x@example.cn 为<script>" in message.text
    assert message.text == plain(message.text)
    assert "\n" not in message.subject


def test_a_digest_is_one_mail_a_day_for_each_post(city: City, gateway: Gateway) -> None:
    wish(city, "bureau", "daily")
    person = city.cast.people["bureau", "handler"][0]
    second = city.do(
        accounts.appoint,
        "node",
        organisation_id=city.org("water"),
        title="联络员",
        duties=["handler"],
        person_name="",
        person_id=person,
    )
    city.at = datetime(2025, 9, 3, 9, 0, tzinfo=BEIJING)
    for text in ("一", "二", "三"):
        tell(city, text)
    tell(city, "水", code="water")
    assert deliver(city, gateway) == 0
    city.at = datetime(2025, 9, 4, 8, 30, tzinfo=BEIJING)
    assert deliver(city, gateway) == 2
    three, one = sorted(gateway.carried, key=lambda m: -len(m.text))
    assert three.subject == "公枢每日通知（3条）"
    assert three.text.index("一") < three.text.index("三")
    assert Post.objects.get(pk=second.post_id).title in one.text
    city.at += timedelta(days=1)
    assert deliver(city, gateway) == 0


def test_what_fails_is_tried_again_ever_more_slowly(city: City, gateway: Gateway) -> None:
    wish(city, "bureau")
    tell(city)
    gateway.fault = Undeliverable(lasting=False)
    waits = []
    for _ in range(outbox.MOST_ATTEMPTS):
        assert deliver(city, gateway) == 0
        row = Delivery.objects.get()
        waits.append(row.next_at - city.at)
        city.at = row.next_at
    assert waits[:3] == [timedelta(minutes=m) for m in (2, 4, 8)]
    assert max(waits) == outbox.MOST_BACK_OFF
    assert (row.state, row.attempts) == ("failed", outbox.MOST_ATTEMPTS)
    assert len(events("notice.undeliverable")) == 1
    gateway.fault = None
    assert deliver(city, gateway) == 0


def test_a_refused_address_is_given_up_at_once(city: City, gateway: Gateway) -> None:
    wish(city, "bureau")
    tell(city)
    gateway.fault = Undeliverable(lasting=True)
    deliver(city, gateway)
    assert Delivery.objects.get().state == "failed"


def test_who_takes_the_wish_back_gets_no_mail_that_waits(city: City, gateway: Gateway) -> None:
    wish(city, "bureau", "daily")
    tell(city)
    deliver(city, gateway)
    wish(city, "bureau", "off")
    city.later(days=1)
    deliver(city, gateway)
    assert not gateway.carried


def test_a_killed_worker_sends_again_under_the_same_key(city: City, gateway: Gateway) -> None:
    wish(city, "bureau")
    tell(city)
    keys = []

    class Killed(BaseException):
        pass

    def carry_and_die(message: Message) -> None:
        keys.append(message.key)
        raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gateway, "carry", carry_and_die)
        with pytest.raises(Killed):
            deliver(city, gateway)
    assert deliver(city, gateway) == 0, "the claim's lease still runs"
    city.later(minutes=10)
    assert deliver(city, gateway) == 1
    assert gateway.carried[0].key == keys[0]


@pytest.fixture
def mailing(settings: Any) -> Iterator[None]:
    settings.EMAIL_HOST = "mail.example.cn"
    settings.DEFAULT_FROM_EMAIL = "gongshu@example.cn"
    settings.MAIL_DOMAIN = "example.cn"
    yield


def test_e_mail_is_plain_text_with_an_id_of_its_own(mailing: None) -> None:
    (channel,) = channels()
    assert isinstance(channel, EMail)
    channel.carry(Message(key="01K", to="a@example.cn", subject="公枢通知", text="<b>x</b>"))
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["a@example.cn"], "公枢通知", "<b>x</b>")
    assert sent.message()["Message-ID"] == "<01K@example.cn>"
    assert sent.content_subtype == "plain"


@pytest.mark.parametrize(("code", "lasting"), [(550, True), (450, False)], ids=["unknown", "busy"])
def test_a_refusal_of_the_mail_server_is_told_apart(
    mailing: None, monkeypatch: pytest.MonkeyPatch, code: int, lasting: bool
) -> None:
    import smtplib

    def refusing(self: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({"a@example.cn": (code, b"no")})

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refusing)
    with pytest.raises(Undeliverable) as caught:
        EMail().carry(Message(key="01K", to="a@example.cn", subject="x", text="x"))
    assert caught.value.lasting is lasting


def test_a_profile_is_ones_own(city: City, settings: Any) -> None:
    assert profile(by=city.who("bureau")).notices == "off"
    wish(city, "bureau", "daily")
    assert profile(by=city.who("bureau")).email == "zhao@example.cn"
    assert profile(by=city.who("bureau/head")).email == ""
    said: dict[str, Any] = {"email": "a@b.cn", "notices": "each"}
    change = accounts.change_profile
    for wrong in ({"email": "no"}, {"email": ""}, {"notices": "hourly"}, {"email": "a@b\n.cn"}):
        refused(city, change, "bureau", "invalid_profile", **said | wrong)
    settings.MAIL_DOMAINS = ["gov.cn"]
    refused(city, change, "bureau", "mail_domain", **said)
    refused(city, change, "bureau", "mail_domain", **said | {"email": "a@evilgov.cn"})
    wish(city, "bureau", "each", "a@linlan.gov.cn")
    refused(city, change, "node", "not_permitted", **said)


def test_only_the_node_delivers(city: City, gateway: Gateway) -> None:
    refused(city, actions.spread, "bureau", "not_permitted", channels=[gateway])
    refused(city, actions.claim, "bureau", "not_permitted", codes=["email"])
    note = {"delivery_ids": [], "outcome": "sent"}
    refused(city, actions.note_delivery, "bureau", "not_permitted", **note)
