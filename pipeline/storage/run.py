"""What a run is: its inputs, parameters and versions, from which its id follows (design.md §6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class RunInput:
    """One file or topic.

    Attributes
    ----------
    name
        Name for people; it does not enter the run's id.
    fingerprint
        Hash of the content: what the id is made from.
    n_bytes
        Size, None if unknown.
    """

    name: str
    fingerprint: str
    n_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Identity of a run.

    Attributes
    ----------
    run_id
        Hash of inputs, parameters and versions: the same replay has the same id.
    inputs
        What it reads.
    params
        Parameters of engine and typologies, JSON values.
    params_hash
        Hash of `params`.
    versions
        Program and typologies to their versions.
    """

    run_id: str
    inputs: tuple[RunInput, ...]
    params: Mapping[str, object]
    params_hash: str
    versions: Mapping[str, str]

    @classmethod
    def of(cls, inputs: Iterable[RunInput], params: Mapping[str, object], versions: Mapping[str, str]) -> RunInfo:
        """Return the run over `inputs`, in whatever order they are named."""
        listed = tuple(sorted(inputs, key=lambda item: (item.fingerprint, item.name)))
        params_hash = _hash(params, 8)
        body = [[item.fingerprint for item in listed], params_hash, dict(versions)]
        return cls(f"RUN-{_hash(body, 8)}", listed, params, params_hash, versions)

    @property
    def params_json(self) -> str:
        """The parameters as JSON with sorted keys."""
        return _json(self.params)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _hash(value: object, size: int) -> str:
    return blake2b(_json(value).encode(), digest_size=size).hexdigest()
