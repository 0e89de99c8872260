"""Import contracts that import-linter does not have: they find their modules by folder, so a new folder is covered."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

Chain = tuple[str, ...]


def _chains(graph: ImportGraph, importer: str, imported: str) -> list[Chain]:
    """Return the shortest import chains from package `importer` to package `imported`, direct and indirect, sorted."""
    if importer not in graph.modules or imported not in graph.modules:
        return []
    return sorted(graph.find_shortest_chains(importer=importer, imported=imported, as_packages=True))


class _ChainContract(Contract):
    """A contract that is broken by any chain `forbidden_chains` returns, and prints them with their lines."""

    def forbidden_chains(self, graph: ImportGraph) -> Iterable[Chain]:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken = []
        for chain in self.forbidden_chains(graph):
            steps = []
            for importer, imported in pairwise(chain):
                details = graph.get_import_details(importer=importer, imported=imported)
                lines = ", ".join(f"l.{detail['line_number']}" for detail in details)
                steps.append(f"{importer} -> {imported} ({lines})" if lines else f"{importer} -> {imported}")
            broken.append(steps)
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for steps in check.metadata["broken"]:
            for step in steps:
                output.print_error(f"- {step}", bold=False)
            output.new_line()


class PackageForbidden(_ChainContract):
    """Nothing in `packages` imports anything in `forbidden`, directly or indirectly.

    Unlike import-linter's own contract it accepts names that do not exist yet, so that a rule stands before the
    package that could break it.
    """

    packages: Any = fields.ListField(subfield=fields.StringField())
    forbidden: Any = fields.ListField(subfield=fields.StringField())

    def forbidden_chains(self, graph: ImportGraph) -> Iterable[Chain]:
        for package in self.packages:
            for forbidden in self.forbidden:
                yield from _chains(graph, package, forbidden)


class TypologiesApart(_ChainContract):
    """Every child of `root` but the `shared` ones stands alone: no child imports another, no shared one imports any."""

    root: Any = fields.StringField()
    shared: Any = fields.ListField(subfield=fields.StringField())

    def forbidden_chains(self, graph: ImportGraph) -> Iterable[Chain]:
        shared = {f"{self.root}.{name}" for name in self.shared}
        children = sorted(graph.find_children(self.root))
        typologies = [child for child in children if child not in shared]
        for importer in children:
            for imported in typologies:
                if importer != imported:
                    yield from _chains(graph, importer, imported)


class ScenariosBlind(_ChainContract):
    """`<root>.<typology>.scenario` reaches neither `detector` nor `params` of its folder: no circular evaluation."""

    root: Any = fields.StringField()

    def forbidden_chains(self, graph: ImportGraph) -> Iterable[Chain]:
        for typology in sorted(graph.find_children(self.root)):
            for name in ("detector", "params"):
                yield from _chains(graph, f"{typology}.scenario", f"{typology}.{name}")


class SelfContained(_ChainContract):
    """`package` imports, of the project's own packages, only itself and `allowed`."""

    package: Any = fields.StringField()
    allowed: Any = fields.ListField(subfield=fields.StringField())

    def forbidden_chains(self, graph: ImportGraph) -> Iterable[Chain]:
        inside = (self.package, *self.allowed)
        roots = set(self.session_options["root_packages"])
        for importer in sorted({self.package} | graph.find_descendants(self.package)):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                is_own = imported.partition(".")[0] in roots
                if is_own and not any(imported == name or imported.startswith(name + ".") for name in inside):
                    yield (importer, imported)
