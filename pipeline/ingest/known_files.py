"""Public benchmark files by size and SHA-256: figures on a changed copy are figures on other data.

Sizes and hashes were published with the sets or agreed between independent copies; where only one source gives a
hash, the entry says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.open import open_input
from pipeline.ingest.reader import ReadOptions

OPTION = "known_files"
"""Reader option: `check` (default) refuses a known file with other content, `any` reads it and says so."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """One published file.

    Attributes
    ----------
    size
        Bytes; None where no source gives them.
    rows
        What it holds, for a sentence.
    sources
        Number of independent sources that give the hash.
    """

    name: str
    size: int | None
    rows: str
    sha256: str
    dataset: str
    sources: int = 2


_AMLWORLD = "ealtman2019/ibm-transactions-for-anti-money-laundering-aml (CDLA-Sharing-1.0)"
_SAML_D = "berkanoztas/synthetic-transaction-monitoring-dataset-aml"
_ELLIPTIC = "ellipticco/elliptic-data-set"

KNOWN_FILES: tuple[KnownFile, ...] = (
    KnownFile(
        "HI-Small_Trans.csv",
        475_664_283,
        "5,078,345 rows",
        "b19d39f515523373f991b689c07e11e7b0b95c17a2c27a87d91584ae16c5b040",
        _AMLWORLD,
    ),
    KnownFile(
        "HI-Small_Patterns.txt",
        323_844,
        "370 attempts",
        "2c546b5ce6009e73851f0139af053cf845f08bf92f3bc82fe1eb937dec2ef39b",
        _AMLWORLD,
    ),
    KnownFile(
        "HI-Small_accounts.csv",
        34_053_187,
        "518,581 rows",
        "786808526e33cfc441212dd6fccda7edfc24172149bed59c6ef59b186836b014",
        _AMLWORLD,
    ),
    KnownFile(
        "LI-Small_Trans.csv",
        650_422_357,
        "6,924,049 rows",
        "f7a9940339c78b5d1476071505b5867c0f5319640b9c4279d13f531bf965319d",
        _AMLWORLD,
    ),
    KnownFile(
        "LI-Small_Patterns.txt",
        None,
        "laundering attempts",
        "734c15b7ff4be1a04a3529bd1524b92c1e8b62289d3ce4881423596ee47a208f",
        _AMLWORLD,
        sources=1,
    ),
    KnownFile(
        "HI-Medium_Trans.csv",
        None,
        "31,898,238 rows",
        "3126afb8155e7c8815d62bc5370549a7b5ae6bf7dfe872b3cd7813e66a3d7ff5",
        _AMLWORLD,
        sources=1,
    ),
    KnownFile(
        "LI-Medium_Trans.csv",
        None,
        "31,251,483 rows",
        "0fc89584453c97472b1bfde7ca746e21d7167140c22a6c4875272b197a4a3910",
        _AMLWORLD,
        sources=1,
    ),
    KnownFile(
        "SAML-D.csv",
        996_168_850,
        "9,504,852 rows",
        "5b71ce2ea7b47fe6f19da1aa151776b04ec74560a852c2c077df91d20b8b4ef9",
        _SAML_D,
    ),
    KnownFile(
        "elliptic_txs_features.csv",
        689_683_771,
        "203,769 rows",
        "fd7f83573443c9e302e371d3f110e3b6224160f5d1ed8a287757936127800ff0",
        _ELLIPTIC,
    ),
    KnownFile(
        "elliptic_txs_classes.csv",
        3_305_144,
        "203,769 rows",
        "93e2e7b2405c735ba752bf6ba06b947561deddd1f5a8fc91e46f6a4c0e439493",
        _ELLIPTIC,
    ),
    KnownFile(
        "elliptic_txs_edgelist.csv",
        4_470_584,
        "234,355 rows",
        "a35053ba68a98e4382cae2ba65b9d9e36b23b6439e02dff084971b1b72a5156e",
        _ELLIPTIC,
    ),
)

_BY_NAME = {known.name.lower(): known for known in KNOWN_FILES}


class ChangedBenchmark(UnusableInput):
    """A file has the name of a published one and other content."""


def known_file(path: Path) -> KnownFile | None:
    """Return the published file that `path` is named after, compressed or not; None if there is none."""
    name = path.name.lower()
    for ending in (".gz", ".zst"):
        name = name.removesuffix(ending)
    return _BY_NAME.get(name)


def check_known(path: Path, *, accept_other: bool = False) -> str | None:
    """Compare a file with the published one of its name.

    Parameters
    ----------
    path
        The file. Compressed copies are compared by what is in them.
    accept_other
        Read a file that differs all the same.

    Returns
    -------
    A sentence to store with the run; None if no published file has this name.

    Raises
    ------
    ChangedBenchmark
        Size or hash differ and `accept_other` is false.

    Notes
    -----
    Reads the whole file once where the size agrees: some 0.5 s for 475 MB.
    """
    known = known_file(path)
    if known is None:
        return None
    size, digest = _measure(path, known.size)
    if known.size is not None and size != known.size:
        fault = f"expected {known.size:,} bytes; found {'more' if size > known.size else f'{size:,}'}"
    elif digest != known.sha256:
        fault = f"expected sha256 {known.sha256}; found {digest}"
    else:
        return f"{path.name}: is {known.name} of {known.dataset}, {known.rows}, sha256 {digest}"
    once = "; the hash comes from one source only" if known.sources == 1 else ""
    message = f"{path.name} has the name of {known.name} of {known.dataset}: {fault}{once}"
    if not accept_other:
        raise ChangedBenchmark(f"{message}. Rename the file, or read it with the option {OPTION}=any")
    return f"{message}; read all the same"


def note_if_known(path: Path, options: ReadOptions) -> list[str]:
    """Check a file that a reader is about to read; return what to say about it: one sentence or none.

    Raises
    ------
    ChangedBenchmark
        See `check_known`.
    UnusableInput
        The option has an unknown value.
    """
    chosen = options.extra.get(OPTION, "check")
    if chosen not in {"check", "any"}:
        raise UnusableInput(f"option {OPTION} must be check or any; found {chosen}")
    note = check_known(path, accept_other=chosen == "any")
    return [] if note is None else [note]


def _measure(path: Path, expected: int | None) -> tuple[int, str]:
    """Return size and hash of the decompressed content; stops early once it is longer than expected."""
    digest = hashlib.sha256()
    size = 0
    with open_input(path) as stream:
        if stream.compression == "plain" and expected is not None and path.stat().st_size != expected:
            return path.stat().st_size, ""
        while piece := stream.read(1 << 20):
            size += len(piece)
            if expected is not None and size > expected:
                break
            digest.update(piece)
    return size, digest.hexdigest()
