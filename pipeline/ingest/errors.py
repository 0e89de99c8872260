"""Errors at the entrance."""

from __future__ import annotations

from typologies.base.errors import FeiqianError


class UnusableInput(FeiqianError):
    """A whole input cannot be used; the message says what was required, what was found, and where."""


class MappingError(FeiqianError):
    """A mapping file is wrong; the message names file and key."""
