"""A first mapping for a file nobody has mapped yet: what its header and its first records suggest, guesses marked.

What cannot be read off (units without decimals, 03/04/2024, time zones, the name of the feed) is left as a value that
begins with CHOOSE, and a mapping does not load before each of those is replaced: a draft never decides silently.
"""

from __future__ import annotations

from pipeline.ingest.draft.text import draft_mapping

__all__ = ["draft_mapping"]
