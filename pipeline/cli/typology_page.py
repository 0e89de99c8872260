"""One typology on a page, and its parameters as a file to edit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rich.text import Text

from pipeline.cli.console import one_line, printable
from pipeline.cli.prose import bullets, heading, paragraph
from pipeline.cli.tables import Row, shown
from typologies.base.catalogue import Typology
from typologies.base.parameters import ParameterInfo, describe

PARAMETER_FIELDS = ("name", "default", "unit", "minimum", "maximum", "grade", "why")

GRADES = {"P": "primary text", "S": "secondary source", "W": "weak source", "J": "judgement"}


def parameters(typology: Typology) -> list[dict[str, Any]]:
    """Return the parameters of a typology with their defaults, ranges and reasons."""
    params = typology.params_type()
    return [
        {
            "name": name,
            "default": getattr(params, name),
            "unit": info.unit,
            "minimum": info.minimum,
            "maximum": info.maximum,
            "grade": info.grade,
            "why": info.why,
        }
        for name, info in describe(typology.params_type).items()
    ]


def body(typology: Typology) -> dict[str, object]:
    """Return everything about a typology for JSON."""
    return {**typology.meta.model_dump(), "parameters": parameters(typology)}


def put(typology: Typology) -> None:
    """Write a typology as a page."""
    meta = typology.meta
    paragraph(Text.assemble((f"{meta.code} {printable(meta.title)}", "bold"), f"  {meta.id} {meta.version}"), indent=0)
    paragraph(f"{meta.status}; {meta.scope}; {', '.join(meta.stage)}; look-back {one_line(meta.look_back)}", indent=0)
    heading("WHAT IT LOOKS FOR")
    paragraph(meta.description)
    heading("PARAMETERS")
    for row in parameters(typology):
        _parameter(row)
    heading("RED FLAGS")
    bullets(
        f"{flag.id} {flag.paraphrase} [{flag.source}] computed by: {flag.indicator}" for flag in meta.red_flags
    ) if meta.red_flags else paragraph("none is met as such")
    heading("FIELDS")
    paragraph(f"required: {', '.join(meta.required_fields)}")
    bullets(f"{name}: without it not computed: {lost}" for name, lost in meta.optional_fields.items())
    for title, texts in (
        ("BLIND SPOTS", meta.blind_spots),
        ("LAWFUL LOOK-ALIKES", meta.benign_look_alikes),
        ("STEPS OF AN INVESTIGATION", meta.investigation_steps),
        ("REFERENCES", meta.references),
    ):
        heading(title)
        bullets(texts)
    print(f"\nTo try other values: feiqian typologies show {meta.id} --params > params.toml, edit it, then")
    print("feiqian replay ... --params params.toml --db after.duckdb, and feiqian compare before.duckdb after.duckdb")


def _parameter(row: Row) -> None:
    limits = _range(row["minimum"], row["maximum"])
    paragraph(
        Text.assemble(
            (row["name"], "bold"),
            f"  {shown(row['default'])} {one_line(row['unit'])}  ",
            (f"({f'{limits}; ' if limits else ''}{GRADES[row['grade']]})", "dim"),
        )
    )
    paragraph(row["why"], indent=6)


def _range(low: object, high: object) -> str:
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"at most {shown(high)}" if low is None else f"at least {shown(low)}"
    return f"{shown(low)} to {shown(high)}"


def params_toml(typology: Typology) -> str:
    """Return the default parameters as TOML: the table of a typology, each value under what it means."""
    lines = [f"[{typology.id}] # version {typology.meta.version}"]
    params = typology.params_type()
    for name, info in describe(typology.params_type).items():
        lines += ["", f"# {one_line(info.why)}", f"# {_limits(info)}", f"{name} = {_toml(getattr(params, name))}"]
    return "\n".join(lines) + "\n"


def _limits(info: ParameterInfo) -> str:
    limits = _range(info.minimum, info.maximum)
    return f"{info.unit}{f', {limits}' if limits else ''}; {GRADES[info.grade]}"


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}"
        case Decimal():
            return f'"{value:f}"'
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case tuple() | list() | frozenset() | set():
            listed = sorted(value) if isinstance(value, set | frozenset) else value
            return "[" + ", ".join(_toml(item) for item in listed) + "]"
        case _:
            raise TypeError(f"a parameter that TOML can hold is required, found {type(value).__name__}")
