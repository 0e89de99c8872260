"""External purpose codes of ISO 20022 (ExternalPurpose1Code) to the purposes of the canonical event.

Only codes with a plain meaning are translated. Any other code is `other`: the list has some 400 and grows each quarter.
"""

from __future__ import annotations

_CODES = {
    "payroll": "SALA BONU PAYR",
    "pension": "PENS",
    "tax": "TAXS VATX WHLD INTX ESTX",
    "rent": "RENT",
    "utilities": "ELEC GASB WTER PHON ENRG UBIL",
    "loan": "LOAN LOAR HLRP",
    "insurance": "INSU INSC INPC LIFI PPTI HLTI",
    "tuition": "EDUC STDY",
    "medical": "MDCS HSPC DNTS",
    "card_payment": "CCRD ICCP",
    "supplier": "SUPP",
    "savings": "SAVG",
    "refund": "REFU",
    "fee": "FEES",
    "family_support": "ALMY",
}

_TABLE = {code: purpose for purpose, codes in _CODES.items() for code in codes.split()}


def purpose_of(code: str | None) -> str | None:
    """Return the purpose of a code; null without one."""
    return None if code is None else _TABLE.get(code, "other")
