"""How commands are declared: a noun is a group, a command says what it needs, and its help ends with examples.

Typer's own help is drawn with Rich, which takes longer to import than ``--help`` may take; and what it says itself is
English. So the plain formatter is used, with headings of our own.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from centralita.cli.contents import CONTENTS, MODULES
from centralita.cli.words import _
from centralita.cli.wrong_usage import no_command

F = TypeVar("F", bound=Callable[..., Any])

LOCAL = "local"
"""Declared by a command that asks no hub for anything: it needs this machine's files, and they are its permission."""


def _in_words(text: str) -> str:
    """What Typer writes into a line of the help by itself, in the terminal's language."""
    for typed, ours in (
        ("[OPTIONS]", _("[OPTIONS]")),
        ("COMMAND [ARGS]...", _("COMMAND [ARGS]...")),
        ("<int range>", _("NUMBER")),
        ("<float range>", _("NUMBER")),
        ("INTEGER", _("NUMBER")),
        ("<int>", _("NUMBER")),
        ("[default: ", f"[{_('default')}: "),
        ("[required]", f"[{_('to be filled in')}]"),
    ):
        text = text.replace(typed, ours)
    return text


class _Help:
    """Help in the terminal's language."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = _in_words(" ".join(self.collect_usage_pieces(ctx)))  # type: ignore[attr-defined]  # as above
        formatter.write_usage(ctx.command_path, pieces, prefix=f"{_('Usage')}: ")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        arguments: list[tuple[str, str]] = []
        options: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):  # type: ignore[attr-defined]  # of the class it is mixed into
            if "--help" in parameter.opts:
                parameter.help = _("Show this help.")
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = arguments if parameter.param_type_name == "argument" else options
                kind.append((_in_words(record[0]), _in_words(record[1])))
        for title, records in ((_("Arguments"), arguments), (_("Options"), options)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        epilog = getattr(self, "epilog", None)
        if epilog:
            with formatter.section(_("Examples")):
                for line in epilog.splitlines():
                    formatter.write(f"  {line}\n")


class Command(_Help, TyperCommand):
    """A command."""


class Group(_Help, TyperGroup):
    """A noun with its commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(no_command(args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl(self.contents(ctx))

    def contents(self, ctx: Any) -> list[tuple[str, str]]:
        """(command, its first sentence)"""
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        return [(name, (command.help or "").split(". ")[0].split(": ")[0]) for name, command in known if command]


class Contents(Group):
    """The root: it imports only the command that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(CONTENTS)

    def contents(self, ctx: Any) -> list[tuple[str, str]]:
        return [(name, _(text)) for name, text in CONTENTS.items()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _made(cmd_name) if cmd_name in CONTENTS else None


@cache
def _made(name: str) -> Any:
    """The command of the root. Kept: each look for it would read the signatures of all that is below it anew."""
    module = importlib.import_module(f"centralita.cli.{MODULES.get(name, name)}")
    app = getattr(module, "app", None)
    if app is not None:
        return typer.main.get_command(app)
    alone = group("")
    module.register(alone)
    return typer.main.get_group(alone).commands[name]


def group(text: str, kind: type[Group] = Group) -> typer.Typer:
    """A noun; ``text`` is its help."""
    return typer.Typer(
        cls=kind,
        help=text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 120},
    )


def command(app: typer.Typer, name: str, permission: str, text: str, examples: Sequence[str] = ()) -> Callable[[F], F]:
    """Adds a command that needs ``permission`` (of ``core.access``, or ``LOCAL``)."""

    def add(function: F) -> F:
        function.permission = permission  # type: ignore[attr-defined]  # read by whoever checks the table
        registered: F = app.command(name, cls=Command, help=text, epilog="\n".join(examples))(function)
        return registered

    return add


def taking(**options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of these names (types as for Typer, each None where it is left out) in the place of
    its parameter ``given``, by which it gets those that were said, by name. So commands can share what they take."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def called(**values: Any) -> None:
            said = {name: values.pop(name) for name in options}
            function(**values, given={name: value for name, value in said.items() if value is not None})

        own = inspect.signature(function, eval_str=True)
        parameters: list[inspect.Parameter] = []
        for each in own.parameters.values():
            shared = [each.replace(name=name, default=None, annotation=kind) for name, kind in options.items()]
            parameters += shared if each.name == "given" else [each]
        called.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # PEP 362 has it
        return called

    return add
