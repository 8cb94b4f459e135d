"""What the repository promises about itself: its locks, its package, its layers and its front door."""

from __future__ import annotations

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from centralita.i18n import Locale
from centralita.settings.page import reference_page

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "centralita"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def tracked(*patterns: str) -> list[Path]:
    listed = run("git", "ls-files", "-z", "--", *patterns)
    assert listed.returncode == 0, listed.stderr
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def declared() -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 40
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text and "--index" not in text


def test_the_locks_agree_and_hold_every_dependency() -> None:
    runtime, tools = (
        dict(
            re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*])?==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
        )
        for lock in LOCKS
    )
    assert declared() <= set(runtime)
    assert runtime.items() <= tools.items()


def optional() -> set[str]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    return {canonicalize_name(Requirement(text).name) for texts in extras for text in texts}


def imported_packages() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in PACKAGE.rglob("*.py"):
        if file.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            found.update({name.partition(".")[0]: file for name in names})
    return found


def test_what_the_package_imports_is_declared() -> None:
    providers = packages_distributions()
    undeclared = {
        name: str(file)
        for name, file in imported_packages().items()
        if name != "centralita"
        and name not in sys.stdlib_module_names
        and not {canonicalize_name(provider) for provider in providers.get(name, ())} & (declared() | optional())
    }
    assert not undeclared


def test_the_wheel_holds_every_file_that_the_package_needs(tmp_path: Path) -> None:
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    wanted = {
        str(file.relative_to(ROOT / "src")) for file in tracked("src/centralita") if not file.name.startswith("test_")
    }
    assert wanted <= packed
    assert any(name.endswith("centralita.po") for name in packed)
    assert not [name for name in packed if Path(name).name.startswith("test_")]


PLANTED = {
    "A room imports what stands below it": ("core/planted.py", "import centralita.ports"),
    "The sandbox knows nothing of the hub": ("sandbox/planted.py", "import centralita.core.events"),
    "Integrations don't know each other": ("integrations/invgate/planted.py", "import centralita.integrations.webhook"),
    "Integrations are sans-I/O": ("integrations/planted.py", "import socket"),
    "Only the store speaks SQL": ("logs.py", "import sqlalchemy"),
    "Outbound HTTP goes through net": ("logs.py", "import aiohttp"),
    "The core is pure": ("core/planted.py", "import time"),
}


def test_every_contract_of_the_layers_bites(tmp_path: Path) -> None:
    """Plants one forbidden import for each contract into a copy: each has to be found."""
    shutil.copytree(PACKAGE, tmp_path / "centralita", ignore=shutil.ignore_patterns("__pycache__"))
    for place, line in PLANTED.values():
        with (tmp_path / "centralita" / place).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    tool = str(Path(sys.executable).with_name("lint-imports"))
    said = run(tool, "--no-logo", "--no-cache", "--config", "pyproject.toml", PYTHONPATH=str(tmp_path)).stdout
    broken = re.findall(r"^(.*) BROKEN", said, re.MULTILINE)
    assert len(broken) == len(PROJECT["tool"]["importlinter"]["contracts"]), said
    assert all(any(name.startswith(wanted) for name in broken) for wanted in PLANTED), said


@pytest.mark.parametrize("locale", ["en", "es"])
def test_the_settings_page_is_fresh(locale: Locale) -> None:
    page = ROOT / "docs" / "reference" / ("settings.md" if locale == "en" else f"settings.{locale}.md")
    assert page.read_text(encoding="utf-8") == reference_page(locale), "stale: run `make docs`"


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}
    assert not [file for file in PACKAGE.rglob("*.py") if {file.stem, file.parent.name} & vague]


def test_modules_and_functions_stay_readable() -> None:
    """About 400 and 40 lines are the rule; this is where it ends. A migration is one list of steps, however long."""
    too_long = []
    for file in PACKAGE.rglob("*.py"):
        if "migrations" in file.parts:
            continue
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > 450 and not file.name.startswith("test_"):
            too_long.append(f"{file}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 50:
                    too_long.append(f"{file}:{node.lineno} {node.name}: {lines} lines")
    assert not too_long


def test_the_migrations_are_numbered_one_after_the_other() -> None:
    versions = sorted((PACKAGE / "store" / "migrations" / "versions").glob("0*.py"))
    found = []
    for path in versions:
        said = dict(re.findall(r'^(revision|down_revision) = "?(\w+)"?$', path.read_text("utf-8"), re.MULTILINE))
        found.append((path.name[:4], said["revision"], said["down_revision"]))
    numbers = [f"{number:04}" for number in range(1, len(versions) + 1)]
    assert found == list(zip(numbers, numbers, ["None", *numbers[:-1]], strict=True))


def test_no_tracked_file_names_a_registry() -> None:
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"), ("npmjs", "org"))
    ]
    named = [
        f"{file}: {host}"
        for file in tracked()
        if file.suffix not in (".png", ".webp", ".woff2", ".ico")
        for host in hosts
        if host in file.read_text(encoding="utf-8", errors="replace")
    ]
    assert not named


def test_every_target_of_make_explains_itself() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    explained = run("make", "help").stdout
    assert all(f"  make {target} " in explained for target in phony[1].split())


def test_continuous_integration_runs_what_everybody_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "exec make test"


def test_a_missing_program_is_told_where_it_cannot_be_installed(tmp_path: Path) -> None:
    for name in ("bash", "id"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    refused = run("scripts/need.sh", "chromium", "node", PATH=str(tmp_path))
    assert refused.returncode == 1
    assert "please install them: chromium node" in refused.stderr
    assert run("scripts/need.sh", "nonsense").returncode == 2
