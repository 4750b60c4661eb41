"""电子证照标识 (GB/T 36904): ``<root>.<type code>.<issuer>.<serial>.<version>.<check>``.

The standard's root is 1.2.156.3005.2; identifiers below it are given out by the national system only. This product makes
identifiers of the same form below the example arc 2.999 (ITU-T X.660), which nobody can mistake for a real one.
Type code: credit code of the ministry that defines the kind of licence and 3 more characters (21); issuer: credit code (18);
version: 3 digits; check: ISO 7064 MOD 37,36 over the parts between, without dots.
"""

from __future__ import annotations

import re

from stdnum.cn import uscc

from onewindow.org.identifiers import is_checked, with_check

#: 2.999 is the arc for examples; the rest mirrors the standard's root.
TEST_ROOT = "2.999.3005.2"
#: region that exists nowhere, as for the invented people of the demonstration
REGION = "239999"


def credit_code(code: str) -> str:
    """A credit code for an office that carries none in the register: valid in form, impossible in fact (region 239999)."""
    letters = re.sub("[^0-9A-HJ-NP-RTUWXY]", "0", code.upper())[-9:].rjust(9, "0")
    body = f"11{REGION}{letters}"
    return body + uscc.calc_check_digit(body)


def make(item: str, office: str, serial: str, edition: int) -> str:
    """The identifier of one edition of a licence. ``item``, ``office``: their codes; ``serial``: the register's number."""
    kind = credit_code("MINISTRY") + re.sub("[^0-9A-Z]", "", item.upper())[-3:].rjust(3, "0")
    parts = [kind, credit_code(office), serial, f"{edition:03d}"]
    return f"{TEST_ROOT}.{'.'.join(parts)}.{with_check(''.join(parts))[-1]}"


def is_valid(identifier: str) -> bool:
    """Whether form and check character of an identifier are right, below whichever root."""
    match = re.fullmatch(
        r"(?:\d+\.)+([0-9A-Z]{21})\.([0-9A-Z]{18})\.([0-9A-Z]+)\.(\d{3})\.([0-9A-Z])", identifier
    )
    return bool(match) and is_checked("".join(match.groups()))


def is_test(identifier: str) -> bool:
    """Whether it lies below the example arc, where no real licence is."""
    return identifier.startswith("2.999.")
