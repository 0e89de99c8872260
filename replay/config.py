"""What a user says of a replay, and what they get back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from typologies.base.settings import EngineSettings

UTC_ZONE = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class ReplayConfig:
    """A replay.

    Attributes
    ----------
    paths
        Files and folders; a folder's `truth/` is never read.
    db
        DuckDB file to write to; made if it does not exist.
    format
        Name of a reader, or "auto".
    mapping
        Mapping file of the format "mapped".
    timezone
        Zone of times without one.
    business_zone
        Zone in which cash is assigned to business days.
    source
        Name of the feed; None: the format's own.
    typologies
        Ids to run; None: all that are not deprecated.
    params
        Typology id to parameters that differ from the defaults.
    settings
        Lateness, reversals, row cap.
    batch
        Events given to the engine at once; None: as they are read. Changes nothing but speed.
    shuffle
        Seed: let events arrive in random order within the lateness. Changes nothing.
    as_arrived
        Take file order as order of arrival, each file as an input of its own.
    rates
        Own rate file.
    memory_bytes
        Budget for rows that wait to be merged; more goes to temporary files.
    extra
        Options of single formats.
    """

    paths: tuple[Path, ...]
    db: Path
    format: str = "auto"
    mapping: Path | None = None
    timezone: ZoneInfo = UTC_ZONE
    business_zone: ZoneInfo = NEW_YORK
    source: str | None = None
    typologies: tuple[str, ...] | None = None
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    settings: EngineSettings = field(default_factory=EngineSettings)
    batch: int | None = None
    shuffle: int | None = None
    as_arrived: bool = False
    rates: Path | None = None
    memory_bytes: int = 1 << 30
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is.

    Attributes
    ----------
    events
        Given to the engine.
    event_time
        The engine's clock.
    alerts
        Standing now.
    seconds
        Since the start.
    done_bytes, total_bytes
        Of the input files.
    """

    events: int
    event_time: datetime | None
    alerts: int
    seconds: float
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did.

    Attributes
    ----------
    counters
        `read` = `accepted` + `retraction` + `rejected` + `duplicate` + `late` + `context`; and others.
    alerts
        Standing alerts by typology.
    stages
        Seconds by stage; reading runs beside the engine, so they add up to more than `seconds`.
    labels
        Ground truth found in the files; no detector has seen it.
    rejected_reasons
        Most frequent reasons with counts.
    """

    run_id: str
    counters: dict[str, int]
    alerts: dict[str, int]
    notes: list[str]
    seconds: float
    stages: dict[str, float]
    first_event: datetime | None
    last_event: datetime | None
    labels: pl.DataFrame | None
    rejected_reasons: list[tuple[str, int]]
