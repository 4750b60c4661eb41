"""证件号码: what people and enterprises are known by, checked as strictly as the form allows.

Check characters, also of our own numbers, come from python-stdnum (GB 11643, GB 32100, ISO 7064). Whether a
region exists is not checked: old numbers keep the codes of regions long gone, and the invented people of the
demonstration live in 239999.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_37_36

# 身份证, 护照, 港澳居民来往内地通行证, 台湾居民来往大陆通行证, 外国人永久居留身份证, 统一社会信用代码
ID_TYPES: dict[str, Promise] = {
    "citizen_id": _("Identity card"),
    "passport": _("Passport"),
    "hk_macao_permit": _("Hong Kong or Macao permit"),
    "taiwan_permit": _("Taiwan permit"),
    "foreign_residence": _("Foreign permanent resident card"),
    "uscc": _("Unified social credit code"),
}
LOOKALIKES = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "B": "8"}
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class BadIdentifier(ValueError):
    """A number that cannot be right. `code` is stable; `message` says what is wrong and what to do.

    Codes: empty, too_short, too_long, letter_for_digit, bad_character, bad_date, bad_check, bad_form, unknown_type.
    """

    def __init__(self, code: str, message: Promise, **values: object) -> None:
        super().__init__(code)  # neither the number nor parts of it: arguments of exceptions end up in logs
        self.code, self._message, self._values = code, message, values

    @property
    def message(self) -> str:
        """In the language that is active now."""
        return self._message % self._values if self._values else str(self._message)

    def __str__(self) -> str:
        return self.message


def clean(id_type: str, text: str) -> str:
    """The number as it is kept: upper case, half-width, without separators. Raises BadIdentifier."""
    if id_type not in CHECKS:
        raise BadIdentifier(
            "unknown_type", _("Unknown kind of identity document. Please choose one of the list.")
        )
    return CHECKS[id_type](text)


def check_citizen_id(text: str) -> str:
    """公民身份号码 (GB 11643): 17 digits, of which 8 the birthday, and a check character."""
    number = _sized(_compact(text), 18)
    _digits(number[:17])
    if not re.fullmatch("[0-9X]", number[17]):
        raise BadIdentifier("bad_character", _("The last character must be a digit or X. Please check."))
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = None
    if born is None or not 1850 <= born.year or born > timezone.localdate():
        message = _("Characters 7 to 14 (%(digits)s) are not a possible date of birth. Please check.")
        raise BadIdentifier("bad_date", message, digits=number[6:14])
    if number[17] != ric.calc_check_digit(number):
        raise _bad_check()
    return number


def check_uscc(text: str) -> str:
    """统一社会信用代码 (GB 32100): 18 characters; the first two may be letters (N2 = village collective)."""
    number = _sized(_compact(text), 18)
    _digits(number[2:8], first=3)
    for place, character in enumerate(number, 1):
        if character not in USCC_ALPHABET:
            if digit := LOOKALIKES.get(character):
                raise _letter(place, character, digit)
            raise _character(place, character)
    if number[17] != uscc.calc_check_digit(number[:17]):
        raise _bad_check()
    return number


def check_mobile(text: str) -> str:
    """手机号: 11 digits, with or without +86 in front."""
    number = re.sub(r"^(\+|00)86", "", _compact(text))
    _digits(_sized(number, 11))
    if not re.fullmatch("1[3-9][0-9]{9}", number):
        raise BadIdentifier(
            "bad_form", _("A mobile number begins with 13 to 19. Please check the first two digits.")
        )
    return number


def check_passport(text: str) -> str:
    """护照: 5 to 15 letters and digits; each country has a form of its own."""
    number = _compact(text)
    if len(number) < 5:
        raise _too_short(5 - len(number))
    if len(number) > 15:
        raise _too_long(len(number) - 15)
    if not re.fullmatch("[A-Z0-9]*[0-9][A-Z0-9]*", number):
        raise BadIdentifier("bad_form", _("A passport number consists of letters and digits. Please check."))
    return number


def check_hk_macao_permit(text: str) -> str:
    """港澳居民来往内地通行证: H or M and 8 digits (older ones 10: with the number of renewals)."""
    return _permit(text, "[HM]([0-9]{8}|[0-9]{10})", 9, 11, _("H or M, then 8 digits"))


def check_taiwan_permit(text: str) -> str:
    """台湾居民来往大陆通行证: 8 digits (older ones 10, the last two of which may be a letter and more)."""
    return _permit(text, "[0-9]{8}|[0-9]{10}[A-Z]?", 8, 11, _("8 digits"))


def check_foreign_residence(text: str) -> str:
    """外国人永久居留身份证: since 2023 eighteen characters beginning with 9, before that 3 letters and 12 digits."""
    return _permit(text, "9[0-9]{16}[0-9X]|[A-Z]{3}[0-9]{12}", 15, 18, _("18 digits beginning with 9"))


CHECKS: dict[str, Callable[[str], str]] = {
    "citizen_id": check_citizen_id,
    "passport": check_passport,
    "hk_macao_permit": check_hk_macao_permit,
    "taiwan_permit": check_taiwan_permit,
    "foreign_residence": check_foreign_residence,
    "uscc": check_uscc,
}


def with_check(body: str) -> str:
    """Our own numbers: the body and its check character; only digits and letters take part in it.

    ISO 7064 MOD 37,36 finds each wrong character and each swap of neighbours but for a few.
    """
    return body + mod_37_36.calc_check_digit(_bare(body))


def is_checked(number: str) -> bool:
    """Whether the last character of a number is the check character of the rest."""
    bare = _bare(number)
    return len(bare) > 1 and mod_37_36.is_valid(bare)


def _bare(text: str) -> str:
    return re.sub("[^0-9A-Z]", "", text.upper())


def _compact(text: str) -> str:
    """Half-width capitals without spaces and dashes, however they were typed."""
    number = re.sub(r"[\s\-‐-―·.]", "", unicodedata.normalize("NFKC", text or "")).upper()
    if not number:
        raise BadIdentifier("empty", _("The number is missing. Please enter it."))
    return number


def _sized(number: str, size: int) -> str:
    if len(number) < size:
        raise _too_short(size - len(number))
    if len(number) > size:
        raise _too_long(len(number) - size)
    return number


def _digits(part: str, first: int = 1) -> None:
    """`part` must be digits; `first` is the place of its first character in the number, counted from 1."""
    for place, character in enumerate(part, first):
        if not re.fullmatch("[0-9]", character):
            digit = LOOKALIKES.get(character)
            raise _letter(place, character, digit) if digit else _character(place, character)


def _permit(text: str, pattern: str, shortest: int, longest: int, form: Promise) -> str:
    number = _compact(text)
    if re.fullmatch(pattern, number):
        return number
    if len(number) < shortest:
        raise _too_short(shortest - len(number))
    if len(number) > longest:
        raise _too_long(len(number) - longest)
    raise BadIdentifier("bad_form", _("The number should look like this: %(form)s. Please check."), form=form)


def _too_short(count: int) -> BadIdentifier:
    message = ngettext_lazy(
        "%(count)d digit missing, please check", "%(count)d digits missing, please check", "count"
    )
    return BadIdentifier("too_short", message, count=count)


def _too_long(count: int) -> BadIdentifier:
    message = ngettext_lazy(
        "%(count)d digit too many, please check", "%(count)d digits too many, please check", "count"
    )
    return BadIdentifier("too_long", message, count=count)


def _letter(place: int, letter: str, digit: str) -> BadIdentifier:
    text = _("Character %(place)d is the letter %(letter)s; it should probably be the digit %(digit)s.")
    return BadIdentifier("letter_for_digit", text, place=place, letter=letter, digit=digit)


def _character(place: int, character: str) -> BadIdentifier:
    text = _("Character %(place)d (%(character)s) cannot be there. Please check.")
    return BadIdentifier("bad_character", text, place=place, character=character)


def _bad_check() -> BadIdentifier:
    text = _("The check digit does not fit: at least one digit is wrong. Please compare with the document.")
    return BadIdentifier("bad_check", text)
