"""What can be wrong with a configuration beyond its shape: rules, kinds of sources, their settings, permissions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from centralita.cli.stored import configured_of, warnings_of_stored
from centralita.core.access import PolicyError, read_policy
from centralita.core.rule_specs import MAPPINGS_RULE, WEBHOOK_RULE
from centralita.core.rules import RuleProblem, RulesError
from centralita.i18n import gettext as _
from centralita.integrations import registry
from centralita.services import rules
from centralita.services.wording import in_words
from centralita.settings import Settings
from centralita.store.stored_sources import SourceRow
from centralita.wiring import ruleset_of, sources_of


def problems_of(settings: Settings, locale: str) -> list[str]:
    """Everything that keeps a hub from starting with these settings, one text each; [] when nothing does."""
    found: list[str] = []
    try:
        ruleset_of(settings)
    except RulesError as error:
        found += [rule_problem(settings, problem, locale) for problem in error.problems]
    found += _source_problems(settings, locale)
    try:
        read_policy(settings.permissions.model_dump())
    except PolicyError as error:
        found += [f"{path}: {in_words(reason, {'role': word}, locale)} ({word})" for path, reason, word in error.faults]
    return found


def rule_problem(settings: Settings, problem: RuleProblem, locale: str) -> str:
    """``centralita.yaml:12:5: rule name: reason``, and below it a condition with a caret under the fault."""
    text = in_words(problem.id, problem.arguments, locale)
    place = _place(settings, problem)
    said = ": ".join(part for part in (place, problem.rule, problem.key, text) if part)
    pointed = "".join(f"\n    {line}" for line in problem.point.splitlines())
    return said + pointed


def _place(settings: Settings, problem: RuleProblem) -> str:
    if problem.rule == MAPPINGS_RULE:
        return str(settings.place(("slack", "channel_mappings")) or "")
    section, name = "rules", problem.rule
    names = [rule.name for rule in settings.rules]
    if name.startswith(WEBHOOK_RULE):
        section, name = "webhooks", name.removeprefix(WEBHOOK_RULE)
        names = [webhook.name for webhook in settings.webhooks]
    if name not in names:
        return ""
    index = names.index(name)
    return str(settings.place((section, index, problem.key)) or settings.place((section, index)) or "")


def _source_problems(settings: Settings, locale: str) -> Iterator[str]:
    for index, source in enumerate(settings.sources):
        place = str(settings.place(("sources", index)) or "")
        try:
            integration, source_settings = registry.configured(source.kind, source.settings)
        except LookupError as unknown:
            known = str(unknown).partition("one of ")[2]
            text = _("There is no kind of source {kind}; there are: {known}.", locale)
            yield f"{place}: {source.slug}: {text.format(kind=source.kind, known=known)}"
            continue
        secrets = [secret.get_secret_value().encode() for secret in source.secrets]
        for fault in integration.check(source_settings, secrets):
            path, _colon, reason = fault.rpartition(": ")
            yield f"{place}: {source.slug}: {path}: {in_words(reason, {}, locale)}"


def warnings_of(settings: Settings, locale: str, stored: Sequence[SourceRow] = ()) -> Sequence[str]:
    """What is allowed and probably not meant; ``stored`` are the sources that people made."""
    found = [notice.text(locale) for notice in settings.notices]
    found += warnings_of_stored(settings, stored, locale)
    text = _("The condition reads {path}, which no source declares.", locale)
    sources = [*sources_of(settings).values(), *configured_of(stored)]
    for rule, path in rules.unknown_paths(sources, ruleset_of(settings)):
        found.append(f"{rule}: {text.format(path=path)}")
    return found
