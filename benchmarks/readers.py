"""Every reader on a file of its format: rows a second from bytes to validated canonical frames, on one core.

What is measured
    The project's own format as Parquet, CSV, zstd-compressed CSV and JSON lines; a bank's own CSV and Parquet through a
    mapping; AMLSim's transactions.csv; and the files of `third_party_files` (AMLworld, SAML-D, pacs.008, camt.053),
    which that module measures in more detail. Beside each CSV and Parquet file Polars' own reading of it into memory
    without any check: the limit.

How
    Files are made from the same heavy-tailed events (`volume`) or by `third_party_files`, once for a run, in a
    temporary folder. A reader reads its file to the end once without being timed, then the median of `--runs` counts.
    XML has a twenty-fifth of the rows. Every row must come back as an event, and the sum of amounts must be that of the
    events the file was made from.

Command
    python -m benchmarks.readers --out results/readers.json
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks import third_party_files
from benchmarks.measure import one_core, timed
from benchmarks.report import Report, exit_code, finish, parser, per_second
from benchmarks.volume import Volume
from pipeline.ingest.detect import reader_for
from pipeline.ingest.formats.canonical.write import write_canonical
from pipeline.ingest.reader import ReadOptions

MAPPING = """\
source = "benchmark"

[time]
column = "Booked"
format = "%Y-%m-%d %H:%M:%S%.6f"
timezone = "UTC"

[amount]
column = "Amount"
unit = "major"
currency = "Currency"

[fields]
event_id = "Reference"
kind = { value = "payment" }
rail = { column = "Type", map = { ach = "ach", p2p = "p2p", wire = "wire", cheque = "cheque" }, otherwise = "reject" }
debtor_account = "From"
creditor_account = "To"
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A file to read.

    Attributes
    ----------
    total
        Sum of amounts in minor units that its events must have; None: not compared.
    scan
        What Polars needs to get the same file into memory; None: it cannot.
    """

    what: str
    format: str
    path: Path
    rows: int
    total: int | None
    scan: Callable[[], pl.DataFrame] | None
    options: ReadOptions


def main(argv: Sequence[str] | None = None) -> Report:
    """Measure, print, write; see the module."""
    options = parser(__doc__)
    options.add_argument("--rows", type=int, default=500_000, help="rows of each file that is not XML [500,000]")
    options.add_argument("--runs", type=int, default=3, help="runs, of which the median counts [3]")
    args = options.parse_args(argv)
    report = Report("readers", {"rows": args.rows, "runs": args.runs, "cores": 1})
    table = report.table("bytes to validated canonical frames, one core")
    with tempfile.TemporaryDirectory() as name, one_core():
        for case in _cases(Path(name), args.rows):
            _read(case)
            read = timed(lambda case=case: _read(case), args.runs)  # type: ignore[misc]
            scan = timed(case.scan, args.runs).seconds if case.scan else None
            events, rejected, total = read.result
            table.add(
                file=case.what,
                MB=case.path.stat().st_size / 1e6,
                rows=case.rows,
                seconds=read.seconds,
                rows_per_s=round(per_second(case.rows, read.seconds)),
                polars_rows_per_s=None if scan is None else round(per_second(case.rows, scan)),
            )
            report.check(f"{case.what}: every row is an event", (events, rejected), (case.rows, 0))
            if case.total is not None:
                report.check(f"{case.what}: amounts add up", total, case.total)
    return finish(report, args.out)


def _read(case: Case) -> tuple[int, int, int]:
    events = rejected = total = 0
    for batch in reader_for(case.format).read(case.path, case.options):
        events += batch.events.height
        rejected += batch.rejected.height
        total += int(batch.events["amount"].sum())
    return events, rejected, total


def _cases(folder: Path, rows: int) -> list[Case]:
    frame = pl.concat(list(Volume(rows, max(2, rows // 10), 90).frames()))
    return [*_canonical(folder, frame), *_mapped(folder, frame), _amlsim(folder, frame), *_third_party(folder, rows)]


def _canonical(folder: Path, frame: pl.DataFrame) -> list[Case]:
    cases = []
    scans: dict[str, Callable[[Path], pl.DataFrame] | None] = {
        "parquet": pl.read_parquet,
        "csv": _text,
        "csv.zst": None,
        "jsonl": pl.read_ndjson,
    }
    for ending, scan in scans.items():
        path = folder / f"events.{ending}"
        write_canonical(frame, path)
        reading = None if scan is None else _bound(scan, path)
        total = int(frame["amount"].sum())
        cases.append(Case(f"canonical {ending}", "canonical", path, frame.height, total, reading, ReadOptions()))
    return cases


def _mapped(folder: Path, frame: pl.DataFrame) -> list[Case]:
    transfers = frame.filter(pl.col("kind") == "payment")
    bank = transfers.select(
        Reference="event_id",
        Booked=pl.col("event_time").dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
        Type="rail",
        From="debtor_account",
        To="creditor_account",
        Amount=pl.format("{}.{}", pl.col("amount") // 100, (pl.col("amount") % 100).cast(pl.String).str.zfill(2)),
        Currency="currency",
    )
    total = int(transfers["amount"].sum())
    cases = []
    for ending in ("csv", "parquet"):
        path, mapping = folder / f"bank.{ending}", folder / f"bank-{ending}.toml"
        text = MAPPING
        if ending == "csv":
            bank.write_csv(path)
            scan = _bound(_text, path)
        else:
            bank.write_parquet(path)
            text += '\n[file]\nformat = "parquet"\n'
            scan = _bound(pl.read_parquet, path)
        mapping.write_text(text)
        cases.append(Case(f"mapped {ending}", "mapped", path, bank.height, total, scan, ReadOptions(mapping=mapping)))
    return cases


def _amlsim(folder: Path, frame: pl.DataFrame) -> Case:
    transfers = frame.filter(pl.col("kind") == "payment")
    path = folder / "transactions.csv"
    transfers.with_row_index("n").select(
        tran_id="n",
        orig_acct="debtor_account",
        bene_acct="creditor_account",
        tx_type=pl.lit("TRANSFER"),
        base_amt=pl.format("{}.{}", pl.col("amount") // 100, (pl.col("amount") % 100).cast(pl.String).str.zfill(2)),
        tran_timestamp=pl.col("event_time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        is_sar=pl.lit("False"),
        alert_id=pl.lit("-1"),
    ).write_csv(path)
    total = int(transfers["amount"].sum())
    return Case("AMLSim transactions", "amlsim", path, transfers.height, total, _bound(_text, path), ReadOptions())


def _third_party(folder: Path, rows: int) -> list[Case]:
    few = max(rows // third_party_files.XML_SHARE, 1)
    trans, saml = third_party_files.amlworld(folder, rows, with_accounts=False), third_party_files.saml_d(folder, rows)
    pacs, camt = third_party_files.pacs008(folder, few), third_party_files.camt053(folder, few)
    return [
        Case("AMLworld Trans", "amlworld", trans, rows, None, _bound(_text, trans), ReadOptions()),
        Case("SAML-D", "saml-d", saml, rows, None, _bound(_text, saml), ReadOptions()),
        Case("pacs.008", "pacs008", pacs, few, None, None, ReadOptions()),
        Case("camt.053", "camt", camt, few, None, None, ReadOptions()),
    ]


def _text(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, has_header=False, skip_rows=1, infer_schema=False)


def _bound(scan: Callable[[Path], pl.DataFrame], path: Path) -> Callable[[], pl.DataFrame]:
    return lambda: scan(path)


if __name__ == "__main__":
    raise SystemExit(exit_code(main()))
