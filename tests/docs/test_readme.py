"""The commands that the README shows work: its blocks marked `<!-- executed -->` run here, in order, in one folder."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from subprocess import DEVNULL, run

import pytest

MARK = "<!-- executed -->"
BLOCK = re.compile(rf"^{re.escape(MARK)}\n```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)

TESTS_COMMAND = "./run tests"
"""The one command that is not run here: it runs this test. `.ci/run` calls it instead, see below."""


def commands(markdown: str) -> list[str]:
    """Return the command lines of the marked blocks: all of an `sh` block, the `$ ` lines of a `console` block."""
    found = []
    for block in BLOCK.finditer(markdown):
        lines = block["body"].splitlines()
        if block["language"] == "console":
            found += [line[2:] for line in lines if line.startswith("$ ")]
        elif block["language"] == "sh":
            found += [line for line in lines if line.strip()]
        else:
            raise AssertionError(f"a marked block is sh or console, was {block['language']}")
    return found


def test_the_first_command_is_the_demo_and_the_second_the_tests(repository: Path) -> None:
    found = commands((repository / "README.md").read_text(encoding="utf-8"))
    assert found[:2] == ["./run demo", TESTS_COMMAND]


def test_continuous_integration_runs_the_readme_tests_command(repository: Path) -> None:
    assert (repository / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith(f"exec {TESTS_COMMAND}")


def test_every_mark_stands_before_a_block(repository: Path) -> None:
    markdown = (repository / "README.md").read_text(encoding="utf-8")
    assert markdown.count(MARK) == len(BLOCK.findall(markdown))


def test_the_commands_of_the_readme_work(repository: Path, tmp_path: Path) -> None:
    # A folder of links, so that what the commands write does not land in the source tree.
    for entry in repository.iterdir():
        if entry.name not in (".git", ".venv", "feiqian-demo"):
            (tmp_path / entry.name).symlink_to(entry)
    environment = {
        **os.environ,
        "FEIQIAN_VENV": sys.prefix,
        "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]]),
    }
    script = [
        line for line in commands((repository / "README.md").read_text(encoding="utf-8")) if line != TESTS_COMMAND
    ]
    result = run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        stdin=DEVNULL,  # a command that asks something fails
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("<!-- executed -->\n```sh\na\n\nb\n```\n", ["a", "b"]),
        ("<!-- executed -->\n```console\n$ a\noutput\n```\n", ["a"]),
        ("```sh\nnot marked\n```\n", []),
    ],
)
def test_blocks_are_read_as_documented(markdown: str, expected: list[str]) -> None:
    assert commands(markdown) == expected
