"""What all tests share: property-test profiles and the places of third-party files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[1]

# "ci" tries the same examples on every run, so that a red build is red again on the next machine. "search" looks for
# new ones: HYPOTHESIS_PROFILE=search ./run tests -k ...
settings.register_profile(
    "ci", derandomize=True, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def data() -> Path:
    """Third-party files that may be redistributed; `DATA_LICENCES.md` names their terms."""
    return REPOSITORY / "tests" / "data"


@pytest.fixture(scope="session")
def shared_fixtures() -> Path:
    """Third-party files that may not be redistributed: a folder beside the repository, absent in a plain clone."""
    folder = REPOSITORY.parent / "shared" / "fixtures"
    if not folder.is_dir():
        pytest.skip("needs third-party files that may not be redistributed: no folder ../shared/fixtures beside this")
    return folder
