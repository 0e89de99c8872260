"""`python -m pipeline`: the same program as `feiqian`."""

from pipeline.cli.main import run

run()
