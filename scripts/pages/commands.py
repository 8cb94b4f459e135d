"""The reference of the commands. Run as a program in the language that the page is to have (``LC_ALL``), because the
commands speak the language of their terminal from the start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SAID = {
    "en": ("Commands", "Permission", "Examples", "Option", "Meaning", "this machine's files", "Global options"),
    "es": ("Comandos", "Permiso", "Ejemplos", "Opción", "Qué es", "los archivos de esta máquina", "Opciones generales"),
}


def commands_page(locale: str) -> str:
    """Every command with its options, its permission and its examples."""
    from pages.markdown import GENERATED

    environment = {**os.environ, "LC_ALL": locale, "COLUMNS": "120"}
    run = [sys.executable, str(Path(__file__)), locale]
    written = subprocess.run(run, env=environment, check=True, capture_output=True, text=True, encoding="utf-8")
    title = SAID[locale][0]
    return f"# {title}\n\n{GENERATED[locale]}\n\n{written.stdout.rstrip()}\n"


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below ``command`` with its path, groups included."""
    if not is_group(command):
        return
    context = command.context_class(command)
    for name in command.list_commands(context):
        each = command.get_command(context, name)
        if not each.hidden:
            yield (*path, name), each
            yield from walk(each, (*path, name))


def is_group(command: Any) -> bool:
    """Whether it has commands of its own."""
    return hasattr(command, "list_commands")


def tree() -> Any:
    """The whole command line."""
    import typer.main

    from centralita.cli import build

    return typer.main.get_command(build())


def permission_of(command: Any) -> str:
    """What a command declares; "" for one that needs nothing but this machine."""
    callback = command.callback
    said = getattr(callback, "permission", None) or getattr(getattr(callback, "__wrapped__", None), "permission", "")
    return "" if said == "local" else str(said)


def _lines(locale: str) -> Iterator[str]:
    _title, permission, examples, option, meaning, local, global_options = SAID[locale]
    root = tree()
    yield from (root.help or "", "", f"## {global_options}", "")
    yield from _options(root, option, meaning)
    for path, command in walk(root):
        level = "##" if len(path) == 1 else "###"
        yield from (f"{level} {' '.join(path)}", "", command.help or "", "")
        if is_group(command):
            continue
        needed = f"`{permission_of(command)}`" if permission_of(command) else local
        yield from (f"{permission}: {needed}", "")
        yield from _options(command, option, meaning)
        if command.epilog:
            yield from (f"{examples}:", "", "```console", *command.epilog.splitlines(), "```", "")


def _options(command: Any, option: str, meaning: str) -> list[str]:
    from pages.markdown import table

    context = command.context_class(command)
    rows = []
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None and not {"--help", "--install-completion", "--show-completion"} & set(parameter.opts):
            rows.append((f"`{record[0]}`", record[1]))
    return table((option, meaning), rows) if rows else []


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a pipe's, whatever LC_ALL says
    sys.stdout.write("\n".join(_lines(sys.argv[1])))
