"""The list of red flags, and what coverage makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from typologies.base.catalogue import Typology, discover
from typologies.base.errors import CatalogueError
from typologies.base.flags import FLAG_FILE, CoverageStatus, coverage, load_flags
from typologies.base.metadata import RedFlag


@pytest.fixture
def typology() -> Typology:
    return next(iter(discover().values()))


def _declaring(typology: Typology, flag: str, status: str = "experimental") -> Typology:
    declared = RedFlag(id=flag, source="s", paraphrase="p", indicator="some_code")
    return replace(typology, meta=typology.meta.model_copy(update={"red_flags": [declared], "status": status}))


def test_the_advisory_on_networks_has_eighteen_flags_eight_by_stream_eight_enriched_two_out_of_reach() -> None:
    flags = [flag for flag in load_flags().flags if flag.advisory == "A003"]
    assert [flag.id for flag in flags] == [f"A003-{n}" for n in range(1, 19)]
    classes = [flag.flag_class for flag in flags]
    assert [classes.count(c) for c in ("T", "K", "N")] == [8, 8, 2]  # the tally of the reference, section 3.1


def test_the_other_advisories_have_the_flags_of_the_reference() -> None:
    ids = [flag.id for flag in load_flags().flags if flag.advisory != "A003"]
    counts = {"F24-P": 8, "F24-T": 6, "F19-": 8, "CVC-": 7, "F14-": 7}
    assert ids == [f"{prefix}{n}" for prefix, last in counts.items() for n in range(1, last + 1)]


def test_flags_the_stream_cannot_show_name_no_nationality_as_a_feature() -> None:
    for flag in load_flags().flags:
        assert "PRC" not in flag.text
        assert "Chinese" not in flag.text


def test_coverage_follows_from_what_typologies_declare(typology: Typology) -> None:
    status = {row.flag.id: row.status for row in coverage([_declaring(typology, "A003-6")])}
    assert status["A003-6"] is CoverageStatus.COMPUTABLE
    assert status["A003-2"] is CoverageStatus.NOT_COMPUTABLE
    assert status["A003-1"] is CoverageStatus.NOT_IMPLEMENTED
    enriched = {row.flag.id: row for row in coverage([_declaring(typology, "A003-1")])}["A003-1"]
    assert enriched.status is CoverageStatus.NEEDS_ENRICHMENT
    assert [(c.typology, c.indicator) for c in enriched.codes] == [(typology.id, "some_code")]


def test_a_deprecated_typology_covers_nothing(typology: Typology) -> None:
    rows = {row.flag.id: row for row in coverage([_declaring(typology, "A003-6", "deprecated")])}
    assert rows["A003-6"].status is CoverageStatus.NOT_IMPLEMENTED


def test_an_invented_flag_is_refused(typology: Typology) -> None:
    with pytest.raises(CatalogueError, match="no red flag 'A003-19'"):
        coverage([_declaring(typology, "A003-19")])


def test_every_row_of_the_real_catalogue_has_one_status() -> None:
    rows = coverage(discover().values())
    assert len(rows) == 54
    assert {row.status for row in rows} == set(CoverageStatus)
    for row in rows:
        if row.flag.flag_class != "N":
            assert bool(row.codes) == (row.status is not CoverageStatus.NOT_IMPLEMENTED)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "A003-2"', 'id = "A003-1"', "each flag stands once, found twice: A003-1"),
        ("[advisories.CVC]", "[advisories.XYZ]", "no advisory CVC"),
        ('class = "K"', 'class = "Z"', "red_flags.toml"),
        ('id = "A003-1"', "id =", "red_flags.toml"),
    ],
)
def test_a_wrong_list_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = FLAG_FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "red_flags.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=message):
        load_flags(path)
