"""The whole corpus of typologies is complete and says what its code does."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from typologies.base.catalogue import Typology, discover
from typologies.base.errors import CatalogueError
from typologies.base.events import FRAME_SCHEMA, HIDDEN_FROM_DETECTORS
from typologies.base.facts import BROADCAST_TABLES, PROFILE_TABLES
from typologies.base.flags import load_flags
from typologies.base.metadata import load_metadata
from typologies.base.parameters import ParameterInfo, build, describe
from typologies.base.swaps import OTHER_PEOPLE

CATALOGUE = discover()

FOLDER = ("__init__.py", "detector.py", "params.py", "typology.toml", "README.md", "scenario.py", "cases")

SECTIONS = ("formula|what fires|behaviour", "worked example", "limits", "references")
"""What a README has a heading for."""

ENGINE_ATTRIBUTES = {"record", "rebind", "rebase", "_record", "_decoder"}
"""Attributes of an event that are for the engine."""

PERSONAL = set(OTHER_PEOPLE) - {"name"}
"""Keys of a profile that no detector may spell."""

each_typology = pytest.mark.parametrize("typology", CATALOGUE.values(), ids=list(CATALOGUE))


def modules(typology: Typology) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(typology.folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@each_typology
def test_the_folder_is_complete_and_names_the_typology(typology: Typology) -> None:
    missing = [name for name in FOLDER if not (typology.folder / name).exists()]
    assert missing == []
    assert typology.id == typology.meta.id == typology.folder.name
    camel = "".join(word.capitalize() for word in typology.id.split("_"))
    assert typology.detector_type.__name__ == f"{camel}Detector"
    assert typology.params_type.__name__ == f"{camel}Params"


@each_typology
def test_the_readme_has_its_sections(typology: Typology) -> None:
    text = (typology.folder / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    for section in SECTIONS:
        assert any(re.search(section, heading, re.IGNORECASE) for heading in headings), f"no heading for {section}"


@each_typology
def test_the_look_back_in_words_is_that_of_the_detector(typology: Typology) -> None:
    found = re.match(r"(\d+) (days|hours)\b", typology.meta.look_back)
    assert found, f"look_back begins with a number of days or hours, found {typology.meta.look_back!r}"
    look_back = typology.bind().detector.look_back
    hours = int(found[1]) * (24 if found[2] == "days" else 1)
    assert look_back.total_seconds() == hours * 3600


@each_typology
def test_red_flags_are_in_the_list_and_stand_once(typology: Typology) -> None:
    ids = [flag.id for flag in typology.meta.red_flags]
    assert len(ids) == len(set(ids))
    assert set(ids) <= load_flags().by_id().keys()


@each_typology
def test_every_parameter_is_described_and_its_default_lies_in_its_range(typology: Typology) -> None:
    fields = dataclasses.fields(typology.params_type)
    assert all(isinstance(field.metadata.get("info"), ParameterInfo) for field in fields)
    described = describe(typology.params_type)
    assert all(info.unit and info.why for info in described.values())
    build(typology.params_type, {field.name: field.default for field in fields}, typology.id)


@each_typology
def test_jurisdictions_change_parameters_that_exist(typology: Typology) -> None:
    for place in typology.meta.jurisdictions:
        build(typology.params_type, place.params, f"{typology.id}, {place.place}")


@each_typology
def test_fields_that_the_metadata_names_exist(typology: Typology) -> None:
    assert set(typology.meta.required_fields) <= FRAME_SCHEMA.keys() - HIDDEN_FROM_DETECTORS
    tables = {*PROFILE_TABLES, *BROADCAST_TABLES}
    for name in typology.meta.optional_fields:
        assert name in FRAME_SCHEMA or name.partition(".")[0] in tables, f"no field or table {name!r}"


@each_typology
def test_the_metadata_is_filled_and_dated(typology: Typology) -> None:
    meta = typology.meta
    for name in (
        "stage",
        "predicate_offences",
        "blind_spots",
        "benign_look_alikes",
        "investigation_steps",
        "references",
    ):
        assert getattr(meta, name), f"{name} is empty"
    assert meta.created <= meta.updated
    assert (meta.status == "deprecated") == (meta.deprecated_reason is not None)


@each_typology
def test_a_scenario_knows_neither_detector_nor_parameters(typology: Typology) -> None:
    own = f"typologies.{typology.id}."
    tree = ast.parse((typology.folder / "scenario.py").read_text(encoding="utf-8"))
    assert [name for name in imports(tree) if name.startswith(own)] == []


@each_typology
def test_a_typology_imports_no_other_and_nothing_of_the_engine_s_inside(typology: Typology) -> None:
    allowed = ("typologies.base", f"typologies.{typology.id}")
    inside = {"runner", "judging", "walk", "subjects", "reference", "eventstore", "state", "codec", "records"}
    inside |= {"chains", "chainreads", "chainstate", "chaincode", "chainlayout", "lensstore"}
    inside |= {"classkeys", "rowclasses", "residuals", "programs", "plan"}
    for path, tree in modules(typology):
        for name in imports(tree):
            if name.split(".")[0] == "typologies":
                assert name.startswith(allowed), f"{path.name} imports {name}"
                assert name.split(".")[2:3] == [] or name.split(".")[2] not in inside, f"{path.name} imports {name}"
            assert name.split(".")[0] not in ("pipeline", "replay", "random", "time", "os"), (
                f"{path.name} imports {name}"
            )


@each_typology
def test_no_module_reads_what_is_hidden_personal_or_the_engine_s(typology: Typology) -> None:
    for path, tree in modules(typology):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ENGINE_ATTRIBUTES | {"debtor_name", "creditor_name"}, (
                    f"{path.name}:{node.lineno}"
                )
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in PERSONAL, f"{path.name}:{node.lineno}: {node.value!r}"


def test_codes_of_the_reference_list_stand_for_one_typology() -> None:
    codes = [typology.meta.code for typology in CATALOGUE.values() if typology.meta.code != "local"]
    assert len(codes) == len(set(codes))


def test_wrong_metadata_is_refused_with_file_and_key(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    with pytest.raises(CatalogueError, match=r"typology\.toml is required"):
        load_metadata(folder / "typology.toml")
    (folder / "typology.toml").write_text('id = "sample"\ncolour = "red"\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"sample/typology\.toml: .*colour"):
        load_metadata(folder / "typology.toml")
    (folder / "typology.toml").write_text("id =", encoding="utf-8")
    with pytest.raises(CatalogueError, match="not valid TOML"):
        load_metadata(folder / "typology.toml")


def test_metadata_of_another_folder_is_refused(tmp_path: Path) -> None:
    original = next(iter(CATALOGUE.values()))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "typology.toml").write_bytes((original.folder / "typology.toml").read_bytes())
    with pytest.raises(CatalogueError, match="id must be the folder's name"):
        load_metadata(folder / "typology.toml")
