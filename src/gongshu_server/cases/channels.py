"""Channels that carry notices out of the node: the contract, and e-mail.

The inbox is no channel: a notice lies in it from the moment it is written. A text-message gateway
or a government messenger (政务即时通讯) is connected by a class that keeps this contract; none is
shipped, because each city's gateway has its own interface and contract.
"""

from __future__ import annotations

import smtplib
import unicodedata
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel carries: plain text, without control characters and turned-around text.

    `key` is the same whenever the same message is sent again: a receiver that knows it shows the
    message once. `subject` names at most a case number.
    """

    key: str
    to: str
    subject: str
    text: str


class Undeliverable(Exception):
    """The message could not be handed over; `lasting` when trying again is of no use."""

    def __init__(self, *, lasting: bool) -> None:
        super().__init__()
        self.lasting = lasting


class Channel(Protocol):
    """A way to a person outside the node.

    `carry` hands one message over and returns when the next hop has taken responsibility for it;
    it raises Undeliverable otherwise, and nothing else. It may be called again for a message that
    was handed over, when the node was killed before it could note so. It neither logs nor keeps
    what it carries.
    """

    code: str

    def address_of(self, profile: Addressed) -> str:
        """Return where this channel reaches the person; empty when it does not."""

    def carry(self, message: Message) -> None:
        """Hand one message over."""


class Addressed(Protocol):
    """What a channel may know of a person: the addresses that they have left."""

    email: str


class EMail:
    """E-mail through Django's backend, as the node's settings say; plain text, no markup."""

    code = "email"

    def address_of(self, profile: Addressed) -> str:
        """Return the person's address."""
        return profile.email

    def carry(self, message: Message) -> None:
        """Hand one message to the mail server; a refused address is a lasting failure."""
        mail = EmailMessage(
            subject=message.subject,
            body=message.text,
            to=[message.to],
            headers={"Message-ID": f"<{message.key}@{settings.MAIL_DOMAIN}>"},
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as fault:
            codes = [code for code, _ in fault.recipients.values()]
            raise Undeliverable(lasting=all(code >= 500 for code in codes)) from None
        except (smtplib.SMTPException, OSError, ValueError):
            raise Undeliverable(lasting=False) from None


def channels() -> tuple[Channel, ...]:
    """Return the channels that the node's settings turn on; none by default."""
    return (EMail(),) if settings.EMAIL_HOST else ()


def plain(text: str) -> str:
    """Return text as mails and messages may carry it: one line a line, nothing that hides.

    Control characters, and what turns the direction of text around, are left out; markup stays
    as the characters that it is.
    """
    return "".join(c for c in text if c == "\n" or unicodedata.category(c)[0] != "C")
