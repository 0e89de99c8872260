"""Errors of the core. A message says what was required, what was found, and where."""

from __future__ import annotations


class FeiqianError(Exception):
    """Root of every error this project raises on purpose."""


class InvalidEvent(FeiqianError):
    """One event does not validate. It is kept in dead letters or `rejected`; the run goes on."""


class InvalidParameters(FeiqianError):
    """A parameter of a typology is unknown or outside its range."""


class CatalogueError(FeiqianError):
    """A typology folder is incomplete or its metadata is wrong; the message names file and line or key."""


class ContractError(FeiqianError):
    """A detector broke its contract: evidence outside its window, a foreign context key, an unknown column."""


class BrokenInvariant(FeiqianError):
    """The engine met a state that its rules exclude. The worker stops: results after this cannot be trusted."""


class IncompatibleState(FeiqianError):
    """A written state was made by another version, other typologies or other parameters."""
