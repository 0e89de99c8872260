"""Speed of the readers of third-party files, validation included, on one core.

    python -m benchmarks.third_party_files [--rows 500000] [--runs 3]

Method: files in the published layouts, made with a fixed seed (AMLworld Trans with and without the accounts file beside
it, SAML-D, pacs.008, camt.053), read to the end on one core: text to validated canonical frames, labels and facts. XML
files have a twenty-fifth of the rows. Time is CPU time of the process, so that other load counts less; the least of
the runs is given, for load can only add. Beside it the Polars scan of the same CSV file as text: the limit that parsing
alone sets. Peak memory is of the whole process.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"

import polars as pl

from benchmarks.measure import one_core, peak_resident_bytes
from benchmarks.report import Report, exit_code, finish, parser, per_second
from pipeline.ingest.formats.amlworld import READERS as AMLWORLD
from pipeline.ingest.formats.amlworld.rows import CURRENCIES, FORMATS
from pipeline.ingest.formats.camt import READERS as CAMT
from pipeline.ingest.formats.pacs008 import READERS as PACS008
from pipeline.ingest.formats.saml_d import CURRENCIES as SAML_CURRENCIES
from pipeline.ingest.formats.saml_d import LOCATIONS, REQUIRED, TYPES
from pipeline.ingest.formats.saml_d import READERS as SAML_D
from pipeline.ingest.reader import Reader, ReadOptions

SEED = 20_220_901
XML_SHARE = 25

_TRANS = (
    "Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,Amount Paid,Payment Currency,"
    "Payment Format,Is Laundering\n"
)
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


def amlworld(folder: Path, n: int, *, with_accounts: bool) -> Path:
    """Write `n` rows between n / 10 accounts; 1.4 % change currency inside the row, as in HI-Small."""
    rng = random.Random(SEED)
    accounts = [(f"0{rng.randrange(1, 250_000)}", f"8{rng.randrange(16**7):07X}0") for _ in range(max(n // 10, 2))]
    currencies, formats = list(CURRENCIES), list(FORMATS)
    path = folder / ("owned_Trans.csv" if with_accounts else "plain_Trans.csv")
    with path.open("w", newline="") as file:
        file.write(_TRANS)
        for _ in range(n):
            (from_bank, from_account), (to_bank, to_account) = rng.choice(accounts), rng.choice(accounts)
            paid_in = rng.choice(currencies)
            received_in = rng.choice(currencies) if rng.random() < 0.014 else paid_in
            amount = rng.lognormvariate(7, 2) + 0.01
            paid = f"{amount:.6f}" if paid_in == "Bitcoin" else f"{amount:.2f}"
            received = paid if received_in == paid_in else f"{amount * 1.1:.2f}"
            day, minute = rng.randrange(1, 11), rng.randrange(1440)
            file.write(
                f"2022/09/{day:02d} {minute // 60:02d}:{minute % 60:02d},{from_bank},{from_account},{to_bank},"
                f"{to_account},{received},{received_in},{paid},{paid_in},{rng.choice(formats)},"
                f"{int(rng.random() < 0.001)}\n"
            )
    if with_accounts:
        with (folder / "owned_accounts.csv").open("w", newline="") as file:
            file.write("Bank Name,Bank ID,Account Number,Entity ID,Entity Name\n")
            for number, (bank, account) in enumerate(accounts):
                file.write(f"Bank {bank},{bank.lstrip('0')},{account},E{number // 2},Corporation #{number // 2}\n")
    return path


def saml_d(folder: Path, n: int) -> Path:
    """Write `n` rows between n / 10 accounts."""
    rng = random.Random(SEED)
    accounts = [str(rng.randrange(10**9, 10**10)) for _ in range(max(n // 10, 2))]
    currencies, places, types = list(SAML_CURRENCIES)[:13], list(LOCATIONS), list(TYPES)
    path = folder / "saml.csv"
    with path.open("w", newline="") as file:
        file.write(",".join((*REQUIRED, "Is_laundering", "Laundering_type")) + "\n")
        for _ in range(n):
            second = rng.randrange(86_400)
            file.write(
                f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},2022-10-{rng.randrange(1, 29):02d},"
                f"{rng.choice(accounts)},{rng.choice(accounts)},{rng.lognormvariate(8, 1) + 0.01:.2f},"
                f"{rng.choice(currencies)},{rng.choice(currencies)},{rng.choice(places)},{rng.choice(places)},"
                f"{rng.choice(types)},0,Normal_Fan_Out\n"
            )
    return path


def pacs008(folder: Path, n: int) -> Path:
    """Write one message of `n` transfers with names, addresses, accounts, agents and a text."""
    path = folder / "pacs008.xml"
    with path.open("w") as file:
        file.write(f'<Document xmlns="{_NAMESPACE}pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr><MsgId>M</MsgId>')
        file.write(f"<CreDtTm>2024-03-05T09:30:00Z</CreDtTm><NbOfTxs>{n}</NbOfTxs></GrpHdr>\n")
        for i in range(n):
            file.write(
                f"<CdtTrfTxInf><PmtId><EndToEndId>e{i}</EndToEndId></PmtId>"
                f'<IntrBkSttlmAmt Ccy="EUR">{i % 5000 + 1}.25</IntrBkSttlmAmt><ChrgBr>SHAR</ChrgBr>'
                f"<Dbtr><Nm>Firm {i % 900}</Nm><PstlAdr><TwnNm>Bern</TwnNm><Ctry>CH</Ctry></PstlAdr></Dbtr>"
                f"<DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>"
                f"<DbtrAgt><FinInstnId><BICFI>DEUTDEFF</BICFI></FinInstnId></DbtrAgt>"
                f"<CdtrAgt><FinInstnId><BICFI>NWBKGB2L</BICFI></FinInstnId></CdtrAgt>"
                f"<Cdtr><Nm>Shop {i % 70}</Nm></Cdtr>"
                f"<CdtrAcct><Id><Othr><Id>{i % 70}</Id></Othr></Id></CdtrAcct>"
                f"<RmtInf><Ustrd>Invoice {i}</Ustrd></RmtInf></CdtTrfTxInf>\n"
            )
        file.write("</FIToFICstmrCdtTrf></Document>")
    return path


def camt053(folder: Path, n: int) -> Path:
    """Write one statement of `n` entries with one detail each."""
    path = folder / "camt053.xml"
    with path.open("w") as file:
        file.write(f'<Document xmlns="{_NAMESPACE}camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>C</MsgId></GrpHdr>')
        file.write("<Stmt><Id>S</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>\n")
        for i in range(n):
            file.write(
                f'<Ntry><Amt Ccy="EUR">{i % 5000 + 1}.25</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
                f"<BookgDt><Dt>2024-03-05</Dt></BookgDt><AcctSvcrRef>R{i}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd>"
                f"<Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls>"
                f"<Refs><EndToEndId>e{i}</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Firm {i % 900}</Nm></Pty></Dbtr>"
                f"<DbtrAcct><Id><IBAN>GB29NWBK60161331926819</IBAN></Id></DbtrAcct></RltdPties>"
                f"</TxDtls></NtryDtls></Ntry>\n"
            )
        file.write("</Stmt></BkToCstmrStmt></Document>")
    return path


def _read(reader: Reader, path: Path) -> int:
    return sum(batch.events.height for batch in reader.read(path, ReadOptions()))


def _scan(path: Path) -> int:
    return pl.read_csv(path, has_header=False, skip_rows=1, infer_schema=False).height


def _least(function: Callable[[], int], runs: int) -> tuple[float, int]:
    taken = []
    found = 0
    for _ in range(runs):
        started = time.process_time()
        found = function()
        taken.append(time.process_time() - started)
    return min(taken), found


def measure(rows: int, runs: int) -> Report:
    """Write the files into a temporary folder and read them."""
    report = Report("third_party_files", {"rows": rows, "rows in XML": rows // XML_SHARE, "runs": runs, "cores": 1})
    table = report.table("Text to validated frames, one core")
    with tempfile.TemporaryDirectory() as name, one_core():
        folder = Path(name)
        few = max(rows // XML_SHARE, 1)
        cases: list[tuple[str, Reader, Path, int]] = [
            ("AMLworld Trans", AMLWORLD[0], amlworld(folder, rows, with_accounts=False), rows),
            ("AMLworld Trans with holders", AMLWORLD[0], amlworld(folder, rows, with_accounts=True), rows),
            ("SAML-D", SAML_D[0], saml_d(folder, rows), rows),
            ("pacs.008", PACS008[0], pacs008(folder, few), few),
            ("camt.053", CAMT[0], camt053(folder, few), few),
        ]
        for what, reader, path, n in cases:
            seconds, found = _least(lambda reader=reader, path=path: _read(reader, path), runs)  # type: ignore[misc]
            report.check(f"{what}: every row is an event", found, n)
            size = path.stat().st_size / 2**20
            scan = _least(lambda path=path: _scan(path), runs)[0] if path.suffix == ".csv" else None  # type: ignore[misc]
            table.add(
                file=what,
                MiB=round(size, 1),
                rows=n,
                cpu_seconds=seconds,
                rows_a_second=per_second(n, seconds),
                scan_rows_a_second=None if scan is None else per_second(n, scan),
                peak_MiB=peak_resident_bytes() >> 20,
            )
    return report


def main() -> int:
    """Measure and print."""
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=500_000, help="rows of each CSV file")
    arguments.add_argument("--runs", type=int, default=3, help="runs, of which the quickest counts")
    chosen = arguments.parse_args()
    return exit_code(finish(measure(chosen.rows, chosen.runs), chosen.out))


if __name__ == "__main__":
    sys.exit(main())
