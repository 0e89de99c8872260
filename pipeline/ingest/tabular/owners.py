"""Who holds an account, from a file that lies beside the transfers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from pipeline.ingest.tabular.batches import Column

SCHEMA: dict[str, type[pl.DataType]] = {"account": pl.String, "party": pl.String, "name": pl.String}


@dataclass(frozen=True, slots=True)
class Owners:
    """Holders of accounts.

    Attributes
    ----------
    origin
        Name of the file they come from.
    table
        One row an account, with the columns of `SCHEMA`.
    """

    origin: str
    table: pl.DataFrame

    @classmethod
    def of(cls, origin: str, parts: Iterable[pl.DataFrame]) -> Owners:
        """Collect frames with the columns of `SCHEMA`; of several rows for one account the first counts.

        A join on an account that stands there twice would double its events.
        """
        table = pl.concat([pl.DataFrame(schema=SCHEMA), *(part.select(list(SCHEMA)) for part in parts)])
        return cls(origin, table.unique("account", keep="first", maintain_order=True))

    def sides(self, debtor: pl.Series, creditor: pl.Series) -> dict[str, Column]:
        """Return party ids and names of the holders of (n,) accounts on both sides; null where none is known."""
        columns: dict[str, Column] = {}
        for side, accounts in (("debtor", debtor), ("creditor", creditor)):
            held = pl.DataFrame({"account": accounts}).join(self.table, on="account", how="left", maintain_order="left")
            columns |= {side: held["party"], f"{side}_name": held["name"]}
        return columns
