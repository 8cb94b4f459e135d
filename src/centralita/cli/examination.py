"""What ``doctor`` looks at. It changes nothing: not the schema, not a row, no file but a trial one."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from centralita.cli.calling import LocalSocket
from centralita.cli.checking import problems_of, warnings_of
from centralita.cli.examined_slack import examine_slack
from centralita.cli.examined_webhooks import examine_webhooks, unsigned
from centralita.cli.stored import database_is_there, read_sources, read_workspaces, shut, slugs_of
from centralita.cli.words import why
from centralita.core import breaker
from centralita.i18n import gettext as _
from centralita.integrations.slack.scopes import missing
from centralita.services.running import AlreadyRunning, only_process
from centralita.services.wording import in_words
from centralita.settings import Settings
from centralita.store import engine, history, lanes, sources, tokens, users
from centralita.store.database import StoreUnavailable, Transaction, open_database
from centralita.store.migrate import current, head
from centralita.store.slack_installations import InstallationRow
from centralita.store.stored_sources import SourceRow

LOW_BYTES, EMPTY_BYTES = 1_000_000_000, 100_000_000
CLOCK_TOLERANCE_S = 2.0


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    cure: str = ""


async def examine(settings: Settings, locale: str) -> list[Finding]:
    """Everything, in the order in which a hub needs it."""
    stored = await read_sources(settings)
    found = [*_configuration(settings, stored, locale), *_directory(settings, locale), *_server(settings, locale)]
    found += await _database(settings, locale)
    connected = await read_workspaces(settings)
    found += [
        *_slack(settings, connected, locale),
        *(Finding("Slack", *each) for each in await examine_slack(settings, locale)),
    ]
    found += _senders(settings, stored, locale)
    return [*found, *_unsigned(settings, locale)]


def _configuration(settings: Settings, stored: Sequence[SourceRow], locale: str) -> Iterator[Finding]:
    name = _("configuration", locale)
    problems = problems_of(settings, locale)
    for problem in problems:
        yield Finding(name, "fail", problem, _("Correct it; centralita config check tells more.", locale))
    if problems:
        return
    notices = warnings_of(settings, locale, stored)
    for notice in notices:
        yield Finding(name, "warn", notice)
    if not notices:
        yield Finding(name, "ok", _("fine", locale))


def _directory(settings: Settings, locale: str) -> Iterator[Finding]:
    name = _("data directory", locale)
    directory = settings.data_dir
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as fault:
        cure = _("Make it writable for the account that runs the hub.", locale)
        yield Finding(name, "fail", f"{directory}: {why(fault)}", cure)
        return
    if directory.stat().st_mode & 0o077:
        said = _("{directory} can be read by other accounts", locale).format(directory=directory)
        yield Finding(name, "warn", said, f"chmod 700 {directory}")
    else:
        yield Finding(name, "ok", str(directory))
    free = shutil.disk_usage(directory).free
    said = _("{size} GB free", locale).format(size=f"{free / 1e9:.1f}")
    state: Literal["ok", "warn", "fail"] = "fail" if free < EMPTY_BYTES else "warn" if free < LOW_BYTES else "ok"
    cure = _("Make room, or shorten retention: a full disk is answered with 503.", locale) if state != "ok" else ""
    yield Finding(_("disk", locale), state, said, cure)


def _server(settings: Settings, locale: str) -> Iterator[Finding]:
    name = _("server", locale)
    if LocalSocket(settings.socket_path).answers():
        yield Finding(name, "ok", _("running; it answers on {path}", locale).format(path=settings.socket_path))
        return
    if settings.database_url.startswith("sqlite:"):
        try:
            with only_process(settings.data_dir):
                pass
        except OSError:  # told already: of the directory
            pass
        except AlreadyRunning:
            said = _("another process holds the data directory, but does not answer", locale)
            yield Finding(name, "fail", said, _("End it, or wait until it has started.", locale))
            return
    yield Finding(name, "warn", _("not running here", locale), "centralita serve")


async def _database(settings: Settings, locale: str) -> list[Finding]:
    name = _("database", locale)
    if not database_is_there(settings):
        return [Finding(name, "warn", _("there is none yet", locale), "centralita serve")]
    try:
        database = await open_database(settings.database_url)
    except (StoreUnavailable, ValueError) as fault:
        return [Finding(name, "fail", str(fault), _("Is it running, and is database.url right?", locale))]
    try:
        found = [_version(await database.read(engine.version), database.dialect, locale)]
        drift_s = await database.now() - time.time()
        if abs(drift_s) > CLOCK_TOLERANCE_S:
            said = _("{seconds} s apart from the database's", locale).format(seconds=f"{drift_s:+.1f}")
            found.append(Finding(_("clock", locale), "warn", said, _("Let NTP set both clocks.", locale)))
        else:
            found.append(Finding(_("clock", locale), "ok", _("agrees with the database's", locale)))
        revision = await database.read(current)
        if revision != head():
            said = _("schema {revision}, this version has {head}", locale).format(revision=revision, head=head())
            return [*found, Finding(name, "fail", said, "centralita migrate")]
        found += await database.read(lambda tx: list(_queues(tx, time.time(), locale)))
        told = await examine_webhooks(settings, database, locale)
        return [*found, *(Finding(_("webhooks", locale), *each) for each in told)]
    except StoreUnavailable as fault:
        return [Finding(name, "fail", fault.reason)]
    finally:
        await database.close()


def _version(version: str, dialect: str, locale: str) -> Finding:
    name = _("database", locale)
    if dialect == "sqlite":
        said = f"SQLite {version}"
        if tuple(map(int, version.split(".")[:3])) < engine.WAL_MENDED:
            note = _("safe as it is; before 3.51.3 no other program may write to the file while the hub runs", locale)
            said = f"{said}: {note}"
        return Finding(name, "ok", said)
    return Finding(name, "ok", f"PostgreSQL {version}")


def _queues(tx: Transaction, now: float, locale: str) -> Iterator[Finding]:
    dead = history.dead_count(tx)
    cure = "centralita delivery list-dead; centralita delivery resend --all" if dead else ""
    yield Finding(_("dead letters", locale), "warn" if dead else "ok", str(dead), cure)
    unread = sources.unparsed_count(tx)
    if unread:
        said = _("{count} receipts could not be read", locale).format(count=unread)
        yield Finding(_("receipts", locale), "warn", said, "centralita source show SLUG")
    open_ = [lane for lane in lanes.listing(tx) if breaker.load(lane.breaker).position == "open"]
    for lane in open_:
        said = _("{lane} keeps failing: {error}", locale).format(lane=lane.key, error=lane.last_error)
        cure = _("Mend the receiver; the queue goes on by itself.", locale)
        yield Finding(_("breakers", locale), "warn", said, cure)
    if not open_:
        yield Finding(_("breakers", locale), "ok", _("all closed", locale))
    for lane in lanes.listing(tx):
        if lane.paused and not lane.paused_reason:
            said = _("{lane} is paused", locale).format(lane=lane.key)
            yield Finding(_("lanes", locale), "warn", said, f"centralita lane resume {lane.key}")
    if not users.anybody_signs_in(tx):
        said = _("nobody can sign in to the dashboard yet", locale)
        yield Finding(_("people", locale), "warn", said, _("Open the link that centralita serve prints.", locale))
    if not tokens.count_valid(tx, now):
        said = _("none: nobody can use the API from another machine", locale)
        yield Finding(_("API tokens", locale), "warn", said, "centralita token create NAME --role viewer")


def _slack(settings: Settings, connected: Sequence[InstallationRow], locale: str) -> Iterator[Finding]:
    slack = settings.slack
    if not slack.enabled:
        yield Finding("Slack", "ok", _("switched off", locale))
    elif slack.bot_token:
        yield Finding("Slack", "ok", _("with a bot token", locale))
    elif connected:
        yield from (_workspace(each, locale) for each in connected)
    elif slack.webhook_url:
        said = _("incoming webhook only: messages are posted, without updates, threads and direct messages", locale)
        yield Finding("Slack", "warn", said, _("Set SLACK_BOT_TOKEN for all of it.", locale))
    else:
        said = _("neither a bot token nor an incoming webhook: nothing is sent there", locale)
        cure = _("centralita slack connect, or SLACK_BOT_TOKEN; without Slack, slack.enabled: false.", locale)
        yield Finding("Slack", "warn", said, cure)
    if not settings.ops.channel:
        said = _("dead letters and open breakers are announced nowhere", locale)
        yield Finding("ops", "warn", said, _("Set ops.channel.", locale))


def _workspace(row: InstallationRow, locale: str) -> Finding:
    said = _("connected with {name}", locale).format(name=row.name or row.team_id)
    if row.revoked_at is not None:
        ended = _("Slack has ended the connection with {name}", locale).format(name=row.name or row.team_id)
        return Finding("Slack", "fail", ended, _("Install the app again, then: centralita slack connect", locale))
    lacking = [scope.name for scope in missing(row.scopes.split())] if row.scopes else []
    if lacking:
        said = _("{said}, without the scopes {scopes}", locale).format(said=said, scopes=", ".join(lacking))
        return Finding("Slack", "warn", said, "centralita slack check")
    return Finding("Slack", "ok", said)


def _senders(settings: Settings, stored: Sequence[SourceRow], locale: str) -> Iterator[Finding]:
    name = _("sources", locale)
    slugs = slugs_of(settings, stored)
    if not slugs:
        yield Finding(name, "warn", _("none: nothing can come in", locale), "centralita source add KIND")
    bare = [source.slug for source in settings.sources if source.enabled and not source.secrets]
    for slug in bare:
        said = _("{slug} has no secret: every request is refused", locale).format(slug=slug)
        yield Finding(name, "fail", said, _("Give it secrets in the configuration.", locale))
    closed = list(shut(settings, stored))
    for slug, reason in closed:
        said = f"{slug}: {in_words(reason, {}, locale)}"
        yield Finding(name, "fail", said, _("Give this machine the key that the others have.", locale))
    if slugs and not bare and not closed:
        yield Finding(name, "ok", _("{count} with secrets", locale).format(count=len(slugs)))


def _unsigned(settings: Settings, locale: str) -> Iterator[Finding]:
    for hook in unsigned(settings):
        said = _("{name} is sent without a signature", locale).format(name=hook)
        yield Finding(_("webhooks", locale), "warn", said, _("Give it a secret, or set webhook_secret.", locale))
