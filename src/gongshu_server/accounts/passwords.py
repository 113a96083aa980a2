"""How strong a password must be, said in sentences; Django's own checks, our words."""

from __future__ import annotations

from django.contrib.auth import password_validation
from django.utils.translation import gettext as _


class LongEnough(password_validation.MinimumLengthValidator):
    """At least twelve characters; length counts more than signs that are hard to type."""

    def __init__(self) -> None:
        super().__init__(min_length=12)

    def get_error_message(self) -> str:
        """Return the sentence for a password that is too short."""
        return _("口令至少 12 个字符；用几个不相干的词连起来，既好记又不易猜。")


class NotCommon(password_validation.CommonPasswordValidator):
    """None of the twenty thousand passwords that are tried first."""

    def get_error_message(self) -> str:
        """Return the sentence for a common password."""
        return _("这个口令太常见，很容易被猜到，请换一个。")


class NotDigitsOnly(password_validation.NumericPasswordValidator):
    """Not digits alone: telephone numbers and birthdays are guessed."""

    def get_error_message(self) -> str:
        """Return the sentence for a password of digits."""
        return _("口令不能只有数字，请加上字母或汉字。")


class NotTheName(password_validation.UserAttributeSimilarityValidator):
    """Not a variation of the login's name."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("username",), max_similarity=0.5)

    def get_error_message(self) -> str:
        """Return the sentence for a password like the name."""
        return _("口令与登录名太相似，请换一个。")
