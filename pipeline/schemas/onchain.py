"""Transactions on a public chain, in the two models that exist: spent and new outputs, and balances of accounts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipeline.schemas.fields import AmountOrNothing, Currency, Exponent, Identifier, WireModel
from pipeline.schemas.transactions import Transaction

MAX_ENDS = 20_000
"""Inputs or outputs of one transaction. A Bitcoin block of 4 M weight units holds fewer outputs than that."""


def _fold_hexadecimal(address: str) -> str:
    # Upper case in 0x addresses is only a checksum: both spellings are one account. Base58 is case-sensitive.
    return address.lower() if address[:2] in ("0x", "0X") else address


Address = Annotated[Identifier, AfterValidator(_fold_hexadecimal)]
Index = Annotated[int, Field(ge=0, lt=2**32)]


class UtxoInput(WireModel):
    """An output that is spent. `address` is null where the script has none, `value` where it was not looked up."""

    spent_transaction: Identifier
    spent_index: Index
    address: Address | None = None
    value: AmountOrNothing | None = None


class UtxoOutput(WireModel):
    """A new output. `address` is null for scripts without one (data carriers, bare multisig)."""

    index: Index
    address: Address | None = None
    value: AmountOrNothing


class UtxoTransfer(WireModel):
    """A transaction of the output model. A coinbase has no inputs."""

    model: Literal["utxo"]
    inputs: Annotated[tuple[UtxoInput, ...], Field(max_length=MAX_ENDS)]
    outputs: Annotated[tuple[UtxoOutput, ...], Field(min_length=1, max_length=MAX_ENDS)]


class AccountTransfer(WireModel):
    """One transfer of the account model: of the chain's own coin or, with `contract`, of a token."""

    model: Literal["account"]
    debtor_account: Address | None = None
    creditor_account: Address | None = None
    amount: AmountOrNothing
    contract: Address | None = None
    log_index: Index | None = None


class OnChain(Transaction):
    """A confirmed transaction. Values are in the smallest unit of `asset` (satoshi, wei), `exponent` its decimals.

    `event_time` is the block's; within a block the order is (`block_height`, `block_position`).
    """

    kind: Literal["onchain"]
    chain: Identifier
    asset: Currency
    exponent: Exponent
    transaction: Identifier
    block_height: Annotated[int, Field(ge=0, lt=2**40)]
    block_hash: Identifier | None = None
    block_position: Index | None = None
    transfer: Annotated[UtxoTransfer | AccountTransfer, Field(discriminator="model")]
