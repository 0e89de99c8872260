"""Which currency and asset codes are known, and how many decimals their minor unit has.

Active codes come from the ISO 4217 table of the `iso4217` package. Withdrawn codes are kept because history is
replayed: a file of 2014 is right to say LTL.
"""

from __future__ import annotations

from types import MappingProxyType

from iso4217 import Currency

# ISO 4217 List Three (withdrawn codes), those of the last decades. The list states no minor units: they are given
# where the coin was beyond doubt; elsewhere an amount needs its own exponent or a decimal point.
_WITHDRAWN: tuple[tuple[int | None, str], ...] = (
    (2, "ANG ATS BGN CUC CYP DEM EEK FIM FRF HRK IEP LTL LVL MTL NLG SIT SKK SLL VEF ZMK ZWL"),
    (0, "BYR ITL"),
    (None, "AFA AZM BEF BGL BYB CSD ESP GHC GRD LUF MGF MRO MZM PTE ROL RUR SDD SRG STD TMM TRL VEB YUM ZWD ZWN ZWR"),
)

# Units of the chain itself. Tokens (USDT, USDC) have other decimals on other chains: None.
_ASSETS: tuple[tuple[int | None, str], ...] = (
    (6, "TRX XRP"),
    (8, "BCH BTC DASH DOGE LTC XBT ZEC"),
    (9, "SOL"),
    (12, "XMR"),
    (18, "ETC ETH"),
    (None, "BNB BUSD DAI TUSD USDC USDT"),
)


def _spread(rows: tuple[tuple[int | None, str], ...]) -> dict[str, int | None]:
    return {code: decimals for decimals, codes in rows for code in codes.split()}


ISO_4217: MappingProxyType[str, int | None] = MappingProxyType(
    _spread(_WITHDRAWN) | {str(currency.code): currency.exponent for currency in Currency}
)
"""Code to decimals of the minor unit; None where the standard gives none (gold, testing, most withdrawn codes)."""

KNOWN: MappingProxyType[str, int | None] = MappingProxyType(_spread(_ASSETS) | dict(ISO_4217))
"""ISO 4217 and the assets known by their ticker. Other assets are accepted on rows that name a `chain` or `asset`."""
