"""Every command, one file for each noun. ``centralita --help`` is the manual.

Nothing heavy is imported here or above the commands' functions: the help is there in a blink.
"""

import gc
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from centralita import __version__


def build() -> typer.Typer:
    """The whole command line."""
    from centralita.cli.commands import Contents, group
    from centralita.cli.session import Options
    from centralita.cli.words import _

    app = group(
        _("Centralita, the switchboard of a service desk: webhooks in, Slack and signed webhooks out, nothing lost."),
        Contents,
    )

    def root(
        ctx: typer.Context,
        config: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                envvar="CENTRALITA_CONFIG",
                show_envvar=False,
                help=_("Configuration; else centralita.yaml here, if there is one."),
            ),
        ] = None,
        data: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR", envvar="CENTRALITA_DATA", show_envvar=False, help=_("Directory of what the hub keeps.")
            ),
        ] = None,
        version: Annotated[
            bool, typer.Option("--version", is_eager=True, callback=_show_version, help=_("Show the version."))
        ] = False,
    ) -> None:
        ctx.obj = Options(config, data)

    app.callback(invoke_without_command=False)(root)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"centralita {__version__}\n")
        raise typer.Exit()


_COLLECT_AFTER = 50_000
"""New objects; what a command imports are a few hundred thousand, and not one of them is garbage."""


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends the process: 0 done, 1 failed, 2 wrong usage or configuration."""
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    code = run(sys.argv[1:] if arguments is None else arguments)
    gc.freeze()  # the process ends: no last search of everything
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs a command; its exit code."""
    from typer._click.exceptions import ClickException, UsageError

    from centralita.cli.session import Failed
    from centralita.cli.words import LOCALE, _

    try:
        code: Any = build()(arguments, prog_name="centralita", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UsageError as fault:
        return _wrong_usage(fault)
    except ClickException as fault:
        sys.stderr.write(f"{fault.format_message()}\n")
        return fault.exit_code
    except Failed as fault:
        sys.stderr.write(f"{fault}\n")
        return fault.exit_code
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write(f"{_('Aborted.')}\n")
        return 1
    except BrokenPipeError:  # whoever read along has seen enough
        sys.stderr.close()
        return 0
    except Exception as fault:
        settings_error = sys.modules.get("centralita.settings")
        if settings_error is not None and isinstance(fault, settings_error.SettingsError):
            sys.stderr.write(f"{fault.text(LOCALE)}\n")
            return 2
        raise


def _wrong_usage(fault: Any) -> int:
    from centralita.cli.words import _
    from centralita.cli.wrong_usage import told

    if fault.ctx is not None and type(fault).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{fault.ctx.get_help()}\n")
        return 2
    sys.stderr.write(f"{told(fault)}\n")
    if fault.ctx is not None:
        sys.stderr.write(_("The help: {command}").format(command=f"{fault.ctx.command_path} --help") + "\n")
    return 2
