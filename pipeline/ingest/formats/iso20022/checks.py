"""Check digits and codes. A failing check is a flag that the user hears of; the record stays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_IBAN = re.compile(r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}$")
_LEI = re.compile(r"^[A-Z0-9]{18}[0-9]{2}$")
_BIC = re.compile(r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$")
_UETR = re.compile(r"^[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}$")

# ISO 3166-1 alpha-2, and XK (Kosovo), which banks use.
_COUNTRIES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_COUNTRIES.split())

SHOWN = 3

_REMEMBERED = 65_536


@lru_cache(maxsize=_REMEMBERED)
def iban_holds(iban: str) -> bool:
    """Return whether shape and check digits of an IBAN are right (ISO 13616: mod 97 is 1).

    Examples
    --------
    >>> iban_holds("GB29NWBK60161331926819"), iban_holds("BE34001216371411")
    (True, False)
    """
    return _IBAN.match(iban) is not None and _mod_97(iban[4:] + iban[:4]) == 1


@lru_cache(maxsize=_REMEMBERED)
def lei_holds(lei: str) -> bool:
    """Return whether shape and check digits of an LEI are right (ISO 17442: mod 97 is 1)."""
    return _LEI.match(lei) is not None and _mod_97(lei) == 1


def aba_holds(number: str) -> bool:
    """Return whether a US routing number has nine digits whose sum with weights 3, 7, 1 is a multiple of ten.

    Examples
    --------
    >>> aba_holds("011104238"), aba_holds("011104239")
    (True, False)
    """
    if len(number) != 9 or not (number.isascii() and number.isdigit()):
        return False
    return sum(int(digit) * weight for digit, weight in zip(number, (3, 7, 1) * 3, strict=True)) % 10 == 0


@lru_cache(maxsize=_REMEMBERED)
def bic_holds(bic: str) -> bool:
    """Return whether a BIC has the shape of ISO 9362 and a country that exists."""
    return _BIC.match(bic) is not None and bic[4:6] in COUNTRIES


def uetr_holds(uetr: str) -> bool:
    """Return whether a UETR is a lower-case UUID of version 4."""
    return _UETR.match(uetr) is not None


def _mod_97(characters: str) -> int:
    return int("".join(str(int(character, 36)) for character in characters)) % 97


@dataclass(slots=True)
class Flags:
    """What failed a check, counted; sentences with the first few values when a file ends."""

    origin: str
    _found: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, what: str, value: str) -> None:
        """Note that `value` fails: `what` completes "... , kept" ("IBAN with wrong check digits")."""
        values = self._found.setdefault(what, {})
        # Of a file full of failures the number is enough: values are kept up to a bound.
        key = value[:120] if len(values) < 10_000 else ""
        values[key] = values.get(key, 0) + 1

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of failure."""
        said = []
        for what, values in sorted(self._found.items()):
            first = ", ".join(ascii(value) for value in list(values)[:SHOWN])
            more = f" and {len(values) - SHOWN:,} more" if len(values) > SHOWN else ""
            said.append(f"{self.origin}: {what}, kept: {first}{more} (in {sum(values.values()):,} places)")
        return said
