"""What the pages show works: their commands exist, their configurations load, their links lead somewhere."""

from __future__ import annotations

import base64
import os
import re
import shlex
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from centralita.cli import build
from centralita.cli.checking import problems_of
from centralita.core.signing import sign_standard
from centralita.settings import Settings, load
from tests.docs.pages import ROOT, Block, anchors, blocks, links, manual, pages

WHSEC = "whsec_" + base64.b64encode(b"a signing key of 32 bytes, no less").decode()
_VARIABLE = re.compile(r"\$\{([A-Z_]+)")


def configurations() -> list[Block]:
    found = [block for page in pages() for block in blocks(page) if block.language == "yaml"]
    known = {*Settings.model_fields, "integrations", "notification_rules"}
    return [block for block in found if isinstance(said := yaml.safe_load(block.text), dict) and known & said.keys()]


@pytest.mark.parametrize("block", configurations(), ids=str)
def test_a_configuration_that_a_page_shows_is_right(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "centralita.yaml"
    file.write_text(block.text, encoding="utf-8")
    environ = {name: WHSEC for name in _VARIABLE.findall(block.text)}
    environ |= {"DATABASE_URL": "postgresql://centralita@localhost/centralita"} if "DATABASE_URL" in environ else {}
    assert problems_of(load(file, environ), "en") == []


def test_the_pages_show_configurations() -> None:
    shown = {block.page for block in configurations()}
    assert {"README.md", "README.es.md", "docs/rules.md", "docs/es/rules.md"} <= shown


def commands() -> list[tuple[Block, str]]:
    found = [block for page in manual() for block in blocks(page) if block.language in ("console", "bash", "sh")]
    lines = [(block, line) for block in found for line in block.text.replace("\\\n", " ").splitlines()]
    return [(block, line.strip()) for block, line in lines if re.match(r"\s*(?:[A-Z_]+=\S+ )*centralita ", line)]


def arguments(line: str) -> list[str]:
    """The words behind ``centralita`` up to the shell's next sign."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;<>&")
    lexer.whitespace_split = True
    words = list(lexer)
    words = words[words.index("centralita") + 1 :]
    end = next((place for place, word in enumerate(words) if set(word) <= set("|;<>&")), len(words))
    return words[:end]


def parse(command: Any, name: str, words: list[str], parent: Any = None) -> str:
    """The path of the command that the words call. Raises typer's UsageError for what does not exist."""
    context = command.make_context(name, list(words), parent=parent)
    if not hasattr(command, "list_commands"):
        return name
    rest = [*context._protected_args, *context.args]
    called, found, rest = command.resolve_command(context, rest)
    return f"{name} {parse(found, called, rest, context)}"


@cache
def command_line() -> Any:
    """The whole of it, built once for the hundreds of lines on the pages."""
    return typer.main.get_command(build())


@pytest.mark.parametrize(("block", "line"), commands(), ids=lambda value: str(value))
def test_a_command_that_a_page_shows_exists(block: Block, line: str) -> None:
    assert parse(command_line(), "centralita", arguments(line)).startswith("centralita ")


def test_commands_are_shown_and_wrong_ones_would_be_found() -> None:
    assert len(commands()) > 60
    from typer._click.exceptions import UsageError

    for wrong in ("centralita event lst", "centralita event list --sinc 2h", "centralita event show"):
        with pytest.raises(UsageError):
            parse(command_line(), "centralita", arguments(wrong))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_what_is_told_in_english_is_told_in_spanish() -> None:
    english = {page.name for page in (ROOT / "docs").glob("*.md")} - {"architecture.md", "coverage.md"}
    assert english == {page.name for page in (ROOT / "docs" / "es").glob("*.md")}
    for name in sorted(english):
        called = []
        for page in (ROOT / "docs" / name, ROOT / "docs" / "es" / name):
            mine = [arguments(line) for block, line in commands() if block.page == page.relative_to(ROOT).as_posix()]
            called.append([" ".join(words) for words in mine])
        assert called[0] == called[1], name


def test_the_examples_on_the_pages_are_those_that_run() -> None:
    shown = {block.text for page in manual() for block in blocks(page)}
    for example in sorted((ROOT / "docs" / "examples").iterdir()):
        assert example.read_text(encoding="utf-8") in shown, example.name


def signed(at: int, body: bytes) -> dict[str, str]:
    signature = sign_standard([WHSEC.encode()], "evt_1", at, body)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(at), "webhook-signature": signature}


@pytest.mark.parametrize(
    ("program", "example"),
    [
        ([sys.executable], "verify.py"),
        pytest.param(["node"], "verify.mjs", marks=pytest.mark.long),
    ],
)
def test_the_examples_verify_what_the_hub_signs(program: list[str], example: str) -> None:
    body, now = '{"title":"Impresora sin tóner"}'.encode(), int(time.time())
    genuine = signed(now, body)

    def verdict(headers: dict[str, str], body: bytes) -> int:
        environment = {name.upper().replace("-", "_"): value for name, value in headers.items()}
        command = [*program, str(ROOT / "docs" / "examples" / example)]
        said = {**os.environ, **environment, "ERP_WEBHOOK_SECRET": WHSEC}
        return subprocess.run(command, env=said, input=body, check=False).returncode

    assert verdict(genuine, body) == 0
    twice = {**genuine, "webhook-signature": f"v1,{'A' * 43}= {genuine['webhook-signature']}"}
    assert verdict(twice, body) == 0
    assert verdict(genuine, body + b" ") == 1
    assert verdict({**genuine, "webhook-id": "evt_2"}, body) == 1
    assert verdict({**genuine, "webhook-signature": ""}, body) == 1
    assert verdict(signed(now - 400, body), body) == 1
