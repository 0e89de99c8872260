"""amount x rate in whole cents, exact, half-even: in 64 bits where it fits, else in 128, else in Python's integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

Int64Array = npt.NDArray[np.int64]

MAX_CENTS = 2**63 - 1
"""Largest USD value a record holds. Larger ones (an absurd amount) have none, like amounts without a rate."""

_SAFE_64, _SAFE_128 = 2**62, 2**126
"""Products below these, and twice a remainder below such a divisor, fit a signed integer of 64 or 128 bits."""

_POWERS_64 = np.array([10**exponent for exponent in range(19)], np.int64)
_EXPONENTS = pl.Series(range(38), dtype=pl.Int8)
_POWERS_128 = pl.Series([10**exponent for exponent in range(38)], dtype=pl.Int128)


class Rates:
    """n rates as numerator / denominator US cents for one unit, prepared for looking up many at once.

    Parameters
    ----------
    table
        Columns `numerator`, `denominator` (Int128, positive).
    """

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table.select("numerator", "denominator")
        # A rate that does not fit 64 bits gets limits that no amount meets.
        small = self._table.cast(pl.Int64, strict=False)
        fits = (small["numerator"].is_not_null() & small["denominator"].is_not_null()).to_numpy()
        self._numerator = small["numerator"].fill_null(1).to_numpy()
        self._denominator = small["denominator"].fill_null(1).to_numpy()
        self._largest_amount = np.where(fits, _SAFE_64 // self._numerator, -1)
        self._largest_power = _SAFE_64 // self._denominator

    def cents(self, amount: pl.Series, exponent: pl.Series, index: Int64Array) -> pl.Series:
        """Return (n,) Int64 US cents of `amount` / 10**`exponent` units at the rate at `index`.

        Null where amount or exponent is null, `index` is negative, or the value exceeds `MAX_CENTS`.
        """
        known = amount.is_not_null() & exponent.is_not_null() & pl.Series(index >= 0)
        at = np.where(index >= 0, index, 0)
        # 2**63 - 1 is above every limit and so stands for whatever does not fit; absurd exponents likewise.
        value = amount.cast(pl.Int64, strict=False).fill_null(MAX_CENTS).to_numpy()
        decimals = exponent.fill_null(0).cast(pl.Int64).to_numpy()
        in_table = (decimals >= 0) & (decimals < len(_POWERS_64))
        power = _POWERS_64[np.where(in_table, decimals, 0)]
        limit = self._largest_amount[at]
        fits = in_table & (value <= limit) & (value >= -limit) & (power <= self._largest_power[at])
        is_known = known.to_numpy()
        solved = fits & is_known
        product = np.where(solved, value, 0) * self._numerator[at]
        divisor = np.where(solved, self._denominator[at] * power, 1)
        whole, rest = np.divmod(product, divisor)
        twice = rest * 2
        whole += (twice > divisor) | ((twice == divisor) & (whole % 2 == 1))
        cents = pl.select(pl.when(pl.Series(solved)).then(pl.Series(whole))).to_series()
        left = np.flatnonzero(is_known & ~fits)
        if left.size:
            wide = self._wide(amount[left], exponent[left], at[left])
            cents = cents.scatter(pl.Series(left), wide)
        return cents

    def _wide(self, amount: pl.Series, exponent: pl.Series, index: Int64Array) -> pl.Series:
        rates = self._table[index]
        terms = pl.DataFrame({"amount": amount, "n": rates["numerator"], "d": rates["denominator"]}).with_columns(
            exponent.replace_strict(_EXPONENTS, _POWERS_128, default=None).alias("power"), exponent=exponent
        )
        safe, two = pl.lit(_SAFE_128, pl.Int128), pl.lit(2, pl.Int128)
        limit = safe // pl.col("n")
        fits = terms.select(
            (pl.col("amount").is_between(-1 * limit, limit) & (pl.col("d") <= safe // pl.col("power"))).fill_null(False)
        ).to_series()
        whole, rest, divisor = pl.col("whole"), pl.col("rest"), pl.col("divisor")
        up = (rest * two > divisor) | ((rest * two == divisor) & (whole % two != 0))
        cents = (
            terms.select(pl.when(fits).then("amount"), pl.when(fits).then("power"), "n", "d")
            .select((pl.col("amount") * pl.col("n")).alias("product"), (pl.col("d") * pl.col("power")).alias("divisor"))
            .with_columns((pl.col("product") // divisor).alias("whole"))
            .with_columns((pl.col("product") - whole * divisor).alias("rest"))
            .select(whole + up.cast(pl.Int128))
            .to_series()
        )
        left = (~fits).arg_true()
        if len(left):
            slow = [_exact(*row) for row in terms.select("amount", "exponent", "n", "d")[left].iter_rows()]
            cents = cents.scatter(left, pl.Series(slow, dtype=pl.Int128))
        return cents.set(~cents.is_between(-MAX_CENTS, MAX_CENTS), None).cast(pl.Int64)


def _exact(amount: int, exponent: int, numerator: int, denominator: int) -> int | None:
    cents = round(Fraction(amount * numerator, denominator) / Fraction(10) ** exponent)
    return cents if abs(cents) <= MAX_CENTS else None
