"""Mapping files: what is wrong in one is said with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.ingest.errors import MappingError
from pipeline.ingest.mapping import load_mapping

GOOD = {
    "top": 'source = "bank"',
    "time": '[time]\ncolumn = "When"\nformat = "iso"',
    "amount": '[amount]\ncolumn = "Amount"\nunit = "major"\ncurrency = "Ccy"',
    "fields": '[fields]\nkind = { value = "payment" }\ndebtor_account = "From"\ncreditor_account = "To"',
}
STATEMENT = '[statement]\nown.account = "Mine"\nother.account = "Theirs"'
ONLY_KIND = '[fields]\nkind = { value = "payment" }'
AMOUNT = '[amount]\ncolumn = "Amount"\ncurrency = "Ccy"\n'


def write(folder: Path, **changes: str) -> Path:
    path = folder / "bank.toml"
    path.write_text("\n\n".join({**GOOD, **changes}.values()), encoding="utf-8")
    return path


def test_a_small_mapping_is_enough(tmp_path: Path) -> None:
    mapping = load_mapping(write(tmp_path))
    assert mapping.source == "bank"
    assert mapping.amount.decimal == "."
    assert mapping.fields["debtor_account"].columns == ["From"]


@pytest.mark.parametrize("name", ["extracto", "transfers", "movements"])
def test_the_examples_load(data: Path, name: str) -> None:
    assert load_mapping(data / "mapped" / f"{name}.toml").source


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"top": ""}, r"source: required"),
        ({"top": 'source = "x"\ncolour = "red"'}, r"colour: unknown key"),
        ({"top": "source = "}, r"expected TOML in UTF-8; .*line 1"),
        ({"time": ""}, r"time: required"),
        ({"time": '[time]\nformat = "iso"'}, r"time: needs either column, or date"),
        ({"time": '[time]\ncolumn = "a"\ntime = "b"\nformat = "iso"'}, r"time: time needs date"),
        ({"time": '[time]\ncolumn = "a"\nformat = "dd/mm/yyyy"'}, r"time\.format: must be .*found 'dd/mm/yyyy'"),
        (
            {"time": '[time]\ncolumn = "a"\nformat = "CHOOSE: %d or %m"'},
            r"still to be chosen: time\.format \(%d or %m\)",
        ),
        ({"time": '[time]\ncolumn = "a"\nformat = "iso"\ntimezone = "Madrid"'}, r"time\.timezone: must be a zone"),
        ({"amount": AMOUNT}, r"amount\.unit: required"),
        ({"amount": AMOUNT + 'unit = "CHOOSE"'}, r"still to be chosen: amount\.unit \(\)"),
        ({"amount": AMOUNT + 'unit = "cents"'}, r"amount\.unit: .*'major' or 'minor'"),
        (
            {"amount": AMOUNT + 'unit = "major"\ndebit = "D"\ncredit = "C"'},
            r"amount: needs either column, or debit and",
        ),
        (
            {"amount": AMOUNT + 'unit = "major"\ndecimal = ","\nthousands = ","'},
            r"amount: decimal and thousands cannot",
        ),
        ({"amount": AMOUNT + 'unit = "major"\nexponent = 2'}, r"amount: exponent belongs to unit"),
        ({"amount": AMOUNT + 'unit = "minor"\nexponent = 19'}, r"amount\.exponent: .*less than or equal to 18"),
        (
            {"amount": AMOUNT + 'unit = "major"\nnegative = "debit"'},
            r"amount: debit and credit are directions of a \[statement\], which is missing",
        ),
        (
            {"amount": '[amount]\ncolumn = "A"\nunit = "major"\ncurrency = { value = "DOLLAR" }'},
            r"amount: currency must be an ISO 4217 or asset code; found DOLLAR",
        ),
        ({"fields": '[fields]\ndebtor_account = "From"'}, r"fields\.kind is required"),
        ({"fields": ONLY_KIND}, r"needs fields\.debtor_account and fields\.creditor_account"),
        ({"fields": '[fields]\nkind = { value = "loan" }'}, r"fields: kind gives loan; known are payment, cash"),
        (
            {"fields": '[fields]\nkind = { column = "T", map = { A = "cash" } }'},
            r"fields\.kind: map needs otherwise",
        ),
        ({"fields": '[fields]\nkind = { otherwise = "cash" }'}, r"fields\.kind: needs either column or value"),
        (
            {"fields": '[fields]\nkind = { column = "a", value = "cash" }'},
            r"fields\.kind: needs either column or value",
        ),
        ({"fields": '[fields]\nnationality = "Nat"'}, r"fields: nationality is no canonical column"),
        ({"fields": '[fields]\namount = "A"'}, r"fields: amount is no canonical column that can be mapped here"),
        ({"fields": '[fields]\nmemo = { column = "a", format = "%d" }'}, r"fields: memo: format is for days"),
        ({"top": 'source = "x"\n[file]\ndelimiter = "||"'}, r"file\.delimiter: must be one ASCII character"),
        ({"top": 'source = "x"\n[file]\nencoding = "klingon"'}, r"file\.encoding: must be a text encoding"),
        ({"top": 'source = "x"\n[file]\nencoding = "rot13"'}, r"file\.encoding: must be a text encoding"),
        ({"statement": STATEMENT}, r"in a \[statement\] the sides are own and other; found fields\.debtor_account"),
        ({"fields": ONLY_KIND, "statement": STATEMENT}, r"a \[statement\] needs one of .*found 0"),
        (
            {"fields": ONLY_KIND, "statement": '[statement]\nother.account = "Theirs"'},
            r"statement\.own: required",
        ),
        (
            {"fields": ONLY_KIND, "statement": '[statement]\nown.name = "Me"'},
            r"statement: own\.account is required",
        ),
        (
            {
                "fields": ONLY_KIND,
                "statement": STATEMENT + '\ndirection = { column = "D", map = { D = "out" }, otherwise = "reject" }',
            },
            r"statement: direction must give debit or credit",
        ),
    ],
)
def test_a_mistake_is_named_by_file_and_key(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(MappingError, match=rf"bank\.toml: {message}" if "expected TOML" not in message else message):
        load_mapping(write(tmp_path, **changes))


def test_a_missing_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"nowhere\.toml: expected a mapping file; No such file"):
        load_mapping(tmp_path / "nowhere.toml")
