"""Commands run as a person would: in this process where that is the same, as a process of their own where it is not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from centralita import cli
from tests.scenarios import prepared

CONFIG = """\
locale: en
data_dir: data
server: {port: 0}
logs: {level: error}
network: {allow: ["127.0.0.0/8"]}
sources:
  - {slug: invgate, kind: invgate, secrets: [only-for-tests-0123], settings: {header: X-Webhook-Secret}}
rules:
  - {name: Urgent, condition: "type == 'ticket.created' AND ticket.priority == 'Alta'", webhook: erp}
  - {name: Nobody, condition: "severity == 'critical'", webhook: erp}
webhooks:
  - {name: erp, url: "http://127.0.0.1:9/hook", secret: whsec_b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OQ==, types: []}
"""
PROGRAM = [sys.executable, "-c", "from centralita.cli import main; main()"]


@dataclass
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


@dataclass
class Terminal:
    """A terminal in a directory with a configuration."""

    directory: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Done:
        """Runs a command in this process."""
        self.capture.readouterr()
        code = cli.run(["--config", str(self.directory / "centralita.yaml"), *words])
        said = self.capture.readouterr()
        return Done(code, said.out, said.err)

    def process(self, *words: str, **environ: str) -> Done:
        """Runs a command in a process of its own, in the directory."""
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            env=bare_environment(environ),
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def write(self, text: str, name: str = "centralita.yaml") -> Path:
        """Writes a file into the directory."""
        file = self.directory / name
        file.write_text(text)
        return file


def bare_environment(more: dict[str, str]) -> dict[str, str]:
    """Of a process that has nothing of ours but the sources."""
    source = str(Path(cli.__file__).parents[2])
    return {"PATH": os.environ["PATH"], "HOME": "/nowhere", "PYTHONPATH": source, "LANG": "C.UTF-8", **more}


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], migrated_file: Path) -> Terminal:
    """A terminal in a directory with a configuration, and a database that nobody has used yet."""
    made = Terminal(tmp_path, capsys)
    made.write(CONFIG)
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copyfile(migrated_file, tmp_path / "data" / "centralita.db")
    return made


@pytest.fixture
def server(terminal: Terminal) -> Iterator[str]:
    """``centralita serve`` with the terminal's configuration; the first line that it prints. Its start from nothing is
    what ``own_server`` has."""
    words = ["--config", str(terminal.directory / "centralita.yaml"), "serve"]
    with prepared.Plain(words, bare_environment({})) as process:
        yield process.stdout.readline()  # printed once it listens
        assert process.terminate() == 0


@pytest.fixture
def own_server(terminal: Terminal) -> Iterator[str]:
    """The same in a process that reads the code first, as at a person's terminal."""
    process = subprocess.Popen(
        [*PROGRAM, "serve"], cwd=terminal.directory, stdout=subprocess.PIPE, text=True, env=bare_environment({})
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline()
        process.terminate()
        assert process.wait() == 0
    finally:
        process.kill()
        process.stdout.close()
