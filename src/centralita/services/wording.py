"""Message ids in a person's words, for the API and the commands.

An id that has no words here shows as itself: it is better to read ``slack.something_new`` than nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from centralita.i18n import N_
from centralita.i18n import gettext as _

TEXTS: Mapping[str, str] = {
    # why a rule matched, or did not
    "rule.always": N_("it has no condition"),
    "rule.built_in": N_("built in"),
    "rule.disabled": N_("it is switched off"),
    "rule.stopped": N_("the rule {by} stopped the row before it"),
    "rule.type_not_named": N_("events of the hub itself ({type}) match only by their exact name"),
    "webhook.type_taken": N_("it subscribes to {actual}"),
    "webhook.channel_refused": N_("it takes no events of that channel"),
    "webhook.type_refused": N_("it does not subscribe to {actual}"),
    "causation.too_deep": N_("the chain of causes is longer than {limit}"),
    # what a rule asked for and could not have
    "channel.unmapped": N_("no channel is mapped to the severity"),
    "comment.internal": N_("the comment is internal"),
    "delivery.dismissed": N_("Somebody has seen to it."),
    "event.echo": N_("it tells of what the hub did itself"),
    "person.no_email": N_("the event names nobody with an e-mail address"),
    "target.unknown": N_("the target is not configured"),
    "webhook.disabled": N_("the webhook is switched off"),
    # trying a webhook out, and fetching from one
    "webhook.fetched": N_("Its receiver has fetched it."),
    "webhook.not_polled": N_("The webhook {webhook} has an address: it is sent its events, and has nothing to fetch."),
    "webhook.off": N_("The webhook {webhook} is switched off."),
    "webhook.polled": N_("The webhook {webhook} has no address: its events are fetched, and nothing is sent."),
    "webhook.test_delivered": N_("The receiver has taken it."),
    "webhook.unsigned": N_("The webhook {webhook} has no secret: it signs nothing that could be verified."),
    # filters under a name
    "view.empty": N_("Set a filter first: a view is filters under a name."),
    "view.name": N_("A view needs a name of at most 60 characters."),
    "view.too_long": N_("These filters are too long to be kept."),
    "view.too_many": N_("You have as many views as there can be: remove one first."),
    # connecting a Slack workspace
    "slack.access_denied": N_("Slack was told not to install the app."),
    "slack.bad_client_secret": N_("Slack does not accept slack.client_secret."),
    "slack.bad_redirect_uri": N_("The app at Slack does not know this hub's address: add its redirect URL there."),
    "slack.invalid_client_id": N_("Slack does not know slack.client_id."),
    "slack.invalid_code": N_("Slack's code has expired or was used. Open the link again."),
    "slack.oauth_unconfigured": N_("To install by a link the configuration lacks: {settings}."),
    "slack.whole_organisation": N_("The app is installed in single workspaces, not in a whole organisation."),
    "slack.is_app_token": N_("This is the app-level token (xapp-): it belongs into app_token."),
    "slack.is_bot_token": N_("This is the bot token (xoxb-): it belongs into bot_token."),
    "slack.is_refresh_token": N_("This token expires by itself: token rotation has to be switched off in the app."),
    "slack.is_user_token": N_("This is a person's token (xoxp-): the bot's is needed, which begins with xoxb-."),
    "slack.is_webhook_url": N_("This is an address: it belongs into slack.webhook_url of the configuration."),
    "slack.not_app_token": N_("This is no app-level token: it begins with xapp-."),
    "slack.not_bot_token": N_("This is no bot token: it begins with xoxb-."),
    "slack.other_app": N_("This app-level token is of another app than the bot token."),
    "slack.provided": N_("The configuration file provides the workspace {workspace}: it is changed there."),
    # what is wrong with rules and conditions
    "condition.bad_pattern": N_("The pattern can't be used: {detail}."),
    "condition.in_needs_list": N_("After in comes a list: [1, 2]."),
    "condition.incomplete": N_("The condition breaks off here."),
    "condition.needs_comparison": N_("Here a comparison is missing, such as == 'x' or exists."),
    "condition.number": N_("This number can't be read."),
    "condition.pattern_not_text": N_("After matches comes a pattern in quotes."),
    "condition.quote_word": N_("Text goes in quotes: '{word}'."),
    "condition.severity_order": N_("Severities have no order; list those that are meant, with in."),
    "condition.slip": N_("Instead of {found} write {instead}."),
    "condition.too_deep": N_("Parentheses and lists go at most {limit} deep."),
    "condition.too_long": N_("The condition is longer than {limit} bytes."),
    "condition.unclosed_bracket": N_("A parenthesis is not closed."),
    "condition.unclosed_text": N_("The quote is not closed."),
    "condition.unexpected": N_("Nobody expects {found} here."),
    "condition.unknown_severity": N_("There is no severity {word}; there are: {known}."),
    "rule.duplicate_name": N_("Another one has this name already."),
    "rule.no_name": N_("It needs a name."),
    "rule.reserved_name": N_("This name is the hub's own."),
    "rule.name_invalid": N_("The name may have no / and no blanks around it, and at most 200 characters."),
    "rule.unknown_person": N_("{person} is neither requester, agent, approver nor an e-mail address."),
    "rule.unknown_webhook": N_("There is no webhook {webhook}."),
    "rule.unknown_path": N_("The condition reads {path}, which no source declares."),
    "rule.unknown_workspace": N_("Nothing is connected that would post to {channel}."),
    "rule.nowhere": N_("It names nobody, and slack.channel_mappings names no channel."),
    # what is in a rule's way
    "rule.provided": N_("The configuration file provides the rule {name} ({place}): it is changed there."),
    "rule.taken": N_("There is a rule {name} already: choose another name."),
    "rule.stale": N_("Somebody changed the rule {name} in the meantime. Look at it again."),
    "rule.hidden": N_("The configuration file has a rule of this name, which is used instead."),
    "rule.unreadable": N_("A later version of the hub wrote this rule; this one can't read it."),
    "webhook.bad_type": N_("{type} is no event type: write ticket.created, ticket.* or *."),
    # what is wrong with a webhook, or in its way
    "webhook.auth_missing": N_("This way of proof needs {name}."),
    "header.name": N_("This can't be the name of a header."),
    "header.reserved": N_("The header {name} frames the request: nobody but the hub may set it."),
    "header.value": N_("This can't be the value of a header."),
    "webhook.header_own": N_("The hub sets the header {name} itself."),
    "webhook.mail_or_not": N_("mailto: addresses get the format mail, and no others do."),
    "webhook.name_fixed": N_("The name is what a webhook is known by: it stays. Add another webhook instead."),
    "webhook.name_invalid": N_("A name has no slash, no control characters, and no space at its ends."),
    "webhook.name_taken": N_("{name} means something else in the API's addresses: choose another name."),
    "webhook.no_types": N_("It has to subscribe to something: write ticket.created, ticket.* or *."),
    "webhook.provided": N_("The configuration file provides the webhook {name}: it is changed there."),
    "webhook.queue_waiting": N_("What waited for the removed webhook {name} is still being ended; try again."),
    "webhook.put_away": N_(
        "The webhook {name} was just removed and can still be restored: choose another name, or remove it for good."
    ),
    "webhook.removed": N_("The webhook was removed."),
    "webhook.secret_fixed": N_("Secrets are replaced with an overlap: webhook rotate, or POST .../secrets."),
    "webhook.secrets_fixed": N_("Secrets are replaced with an overlap: webhook rotate, or POST .../secrets."),
    "webhook.secret_malformed": N_("A secret is whsec_, whsk_ or nothing, and then base64."),
    "webhook.secret_or_secrets": N_("Give secret or secrets, not both."),
    "webhook.shut": N_("What is kept sealed of this webhook can't be opened: the key is another one."),
    "support.no_source": N_("No source of the kind {kind} takes it. Add one: centralita source add {kind}"),
    "support.refused": N_("The source did not take it: {status}."),
    "webhook.taken": N_("There is a webhook {name} already: choose another name."),
    "template.failed": N_("Line {line}: {detail}."),
    "template.limit": N_("It would take too long or write too much."),
    "template.syntax": N_("Line {line}: {detail}."),
    "template.too_long": N_("It has more than {detail} characters."),
    "webhook.template_missing": N_("The format template needs a template."),
    "webhook.too_many_keys": N_("{limit} secrets sign already, which is the most; the next one ends at {free_at}."),
    "webhook.type_unknown": N_("No source that the hub knows sends {type}."),
    # why a request was refused
    "body.content_type": N_("The body is neither JSON nor a form."),
    "body.empty": N_("The body is empty."),
    "body.too_many": N_("The body holds too many events."),
    "body.unreadable": N_("The body can't be read."),
    "credential.mismatch": N_("The secret is wrong."),
    "credential.missing": N_("The secret is missing."),
    "form.nul": N_("The form holds a NUL character."),
    "form.syntax": N_("The form can't be read."),
    "id.missing": N_("The id that is signed along is missing."),
    "json.depth": N_("The JSON is nested too deeply."),
    "json.duplicate_key": N_("The JSON gives one key two values."),
    "json.nul": N_("The JSON holds a NUL character."),
    "json.number": N_("The JSON holds a number that is out of range."),
    "json.surrogate": N_("The JSON holds half a character (a lone surrogate)."),
    "json.syntax": N_("The JSON is not valid."),
    "network.refused": N_("The sender's address is in none of the networks that the source takes."),
    "request.ambiguous": N_("A header that counts came twice, or two of them contradict each other."),
    "request.compressed": N_("The body is compressed."),
    "request.headers": N_("There are too many headers, or they are too long."),
    "request.method": N_("It is not a POST."),
    "source.unknown": N_("No source has this address, or the one that has it is off."),
    "request.path": N_("The address has too many parts: it is /in/SLUG or /in/SLUG/KEY."),
    "request.too_long": N_("The body is longer than receive.max_body_bytes."),
    "scheme.invalid": N_("The source's signature settings are not valid."),
    "signature.too_many": N_("The header holds too many signatures."),
    "source.internal": N_("This source is the hub's own; nobody can send to it."),
    "text.utf8": N_("The text is not valid UTF-8."),
    # why a source cannot be changed
    "source.kind_unknown": N_("There is no kind of source {kind}; there are: {known}."),
    "source.own": N_("The source {slug} is the hub's own."),
    "source.provided": N_("The configuration file provides the source {slug} ({place}): it is changed there."),
    "source.receipts_waiting": N_("What the removed source {slug} sent is still being read; try again in a moment."),
    "source.slug_invalid": N_("A slug has only lower-case letters, digits, - and _, at most 63 of them."),
    "source.taken": N_("There is a source {slug} already: choose another slug."),
    "secret.damaged": N_("What is kept sealed in the database is damaged."),
    "secret.key_unknown": N_("What is kept sealed in the database was sealed by another key (CENTRALITA_SECRET_KEY)."),
    "key.too_short": N_("CENTRALITA_SECRET_KEY is too short."),
    "key.file_readable_by_others": N_("The file with the secret key can be read by others: chmod 600."),
    "key.file_damaged": N_("The file with the secret key is damaged."),
    "key.file_unwritable": N_("The file with the secret key cannot be written."),
    # why a delivery is where it is
    "attempt.unfinished": N_("The attempt did not finish."),
    "breaker.open": N_("The destination keeps failing; its queue is held."),
    "destination.failed": N_("The integration failed; the log says where."),
    "head.dead": N_("The one before it was given up."),
    "lane.paused": N_("Somebody paused the lane."),
    "parser.failed": N_("The parser failed; the log says where."),
    "rate.wait": N_("It waits for its turn under the rate limit."),
    "source.gone": N_("The source is not configured any more."),
    # what can't be sent to a webhook again, and issues
    "issue.state": N_("That can't be done to an issue that is {state}."),
    "replay.missed_original": N_("What was never sent has no original configuration."),
    "replay.narrows": N_("where goes with since, missed_since, attempts and finished; until with the first two."),
    "replay.one_of": N_(
        "Name deliveries, or say failed_since, missed_since, since, attempts or finished: one of them."
    ),
    "webhook.no_revisions": N_("The configuration file provides the webhook {webhook}: how it was is not kept."),
    "webhook.revision_unknown": N_("How the webhook {webhook} was (revision {revision}) is not kept any more."),
    # statistics
    "window.empty": N_("The window ends before it begins."),
    "window.too_long": N_("More than {most} intervals: ask for a shorter window, or for longer intervals."),
    # what keeps the hub from working
    "hub.draining": N_("It is being stopped."),
    "ruleset.changed": N_("Its settings were changed elsewhere: it has to be started again."),
    "database.not_migrated": N_("The database is not up to date."),
    "database.unavailable": N_("The database does not answer."),
    # approvals
    "approval.another_question": N_("Another question was asked meanwhile."),
    "approval.already_approver": N_("{who} is asked already."),
    "approval.answered_elsewhere": N_("It was answered in InvGate."),
    "approval.answering": N_("{who} decided at {at}: {answer}. InvGate is being told."),
    "approval.asked": N_("{who} has asked already, at {at}; the answer is awaited."),
    "approval.behalf": N_("Only whoever may approval.manage decides on behalf of others."),
    "approval.decided": N_("{who} decided at {at}: {answer}."),
    "approval.delegation": N_("Somebody else has to stand in, until a time to come that lies after the beginning."),
    "approval.disabled": N_("{who} is disabled."),
    "approval.invgate_unavailable": N_("InvGate does not say who the approver is: {detail}"),
    "approval.invgate_unconfigured": N_("InvGate decides this one, and the hub can't write to it (invgate)."),
    "approval.justification_missing": N_("It has to be said what it is for."),
    "approval.nobody": N_("Nobody is left who may approve it: never the requester, and nobody who is disabled."),
    "approval.not_approver": N_("{who} is not asked for an answer at this stage."),
    "approval.not_asked": N_("Nobody has asked anything."),
    "approval.not_requester": N_("Only the requester, or whoever may approval.manage."),
    "approval.not_yours": N_("Only for oneself, or by whoever may approval.manage."),
    "approval.note_missing": N_("It has to be said why."),
    "approval.over": N_("It ended at {at}: {answer}."),
    "approval.quorum": N_("The quorum is from 1 to the number of approvers."),
    "approval.self": N_("Nobody approves what they have asked for."),
    "approval.voted": N_("Answered already at {at}: {answer}."),
    # incidents
    "incident.exists": N_("{incident} was created from this already, and is not over: {title}"),
    "incident.is_acknowledged": N_("{who} took charge at {at}."),
    "incident.is_resolved": N_("{who} resolved it at {at}."),
    "incident.not_resolved": N_("It is not resolved."),
    "incident.priority_unknown": N_("There is no priority {word}; there are: {known}."),
    "incident.text_missing": N_("Something has to be written."),
    "incident.text_too_long": N_("It may have {limit} characters at most."),
    "incident.title_missing": N_("It needs a title."),
    "incident.title_too_long": N_("The title may have {limit} characters at most."),
    "incident.too_many_cis": N_("It may name {limit} CIs at most."),
    "ci.relation.depends_on": N_("depends on"),
    "ci.relation.required_by": N_("is required by"),
    "ci.relation.runs_on": N_("runs on"),
    "ci.relation.runs": N_("runs"),
    "ci.relation.connected_to": N_("is connected to"),
    "ci.relation.part_of": N_("is part of"),
    "ci.relation.contains": N_("contains"),
    "ci.relation.uses": N_("uses"),
    "ci.relation.used_by": N_("is used by"),
    "ci.relation.backs_up": N_("backs up"),
    "ci.relation.backed_up_by": N_("is backed up by"),
    "alert.is_acknowledged": N_("{who} took charge of it at {at}."),
    "alert.nothing": N_("It is about nothing that somebody could take charge of."),
    "approval.approved": N_("approved"),
    "approval.rejected": N_("rejected"),
    "approval.cancelled": N_("cancelled"),
    "approval.done": N_("That was done already."),
    "approval.expired": N_("denied, because nobody answered in time"),
    # why an asset's owner is to change, or not to
    "asset.change": N_("{user}, seen on {seen} of the last {days} days"),
    "asset.already_owner": N_("the user is the owner already"),
    "asset.ambiguous": N_("{user} may be several people: {candidates}"),
    "asset.change_pending": N_("a change is under way"),
    "asset.contested": N_("{user} was seen on {seen} days, {rival} on {rival_seen}"),
    "asset.disabled_person": N_("{user} belongs to somebody who has left"),
    "asset.duplicate_name": N_("another asset has the same name, by which the user was seen"),
    "asset.duplicate_serial": N_("another asset has the same serial number"),
    "asset.foreign_domain": N_("{user} is of a domain that is not ours"),
    "asset.ignored_account": N_("the account is on the list of those that are nobody's"),
    "asset.local_account": N_("a local account of the computer"),
    "asset.locked": N_("its owner was set by a person"),
    "asset.needs_mapping": N_("{user} is a display name: say whose it is in assets.accounts"),
    "asset.no_user": N_("nobody was seen on it"),
    "asset.not_found": N_("nobody has the account {user}"),
    "asset.several_users": N_("several users at once: {user}"),
    "asset.shared_device": N_("a shared asset"),
    "asset.system_account": N_("an account of the system, not of a person"),
    "asset.too_few_sightings": N_("{user} was seen on {seen} of the last {days} days; {needed} are needed"),
    "asset.unreadable": N_("the user name can't be read"),
    # what assets can't do
    "asset.csv_bad_time": N_("the time can't be read, or is in the future"),
    "asset.csv_heading": N_("the heading has to name asset, serial or name, and user"),
    "asset.csv_no_asset": N_("no asset is named"),
    "asset.csv_unreadable": N_("the line can't be read"),
    "asset.owner_or_ignore": N_("Give an owner or ignore, not both."),
    "asset.owner_unknown": N_("InvGate Assets has nobody, or several, with the address {email}."),
    "asset.plan_abandoned": N_("Whoever read it was stopped."),
    "asset.plan_capped": N_(
        "The plan would change {changes} of {assets} assets; the cap allows {most} ({percent} %). If that is right, "
        "raise it for once: asset apply --cap PERCENT, or for good: assets.cap_percent."
    ),
    "asset.plan_not_applied": N_("Only a plan that was applied can be put back; this one is: {state}."),
    "asset.plan_old": N_("The plan is older than {hours} h. Make a new one: asset plan"),
    "asset.plan_state": N_("A plan is applied once, when it is ready; this one is: {state}."),
    "asset.plan_under_way": N_("The plan {plan} is being read already."),
    "asset.unconfigured": N_("InvGate Assets is not configured: set invgate.assets."),
    # what configuration items can't do
    "ci.ambiguous": N_("Several are called {text}: {which}. Name one by its id."),
    "ci.import_shrunk": N_(
        "InvGate lists so few assets ({read}) that most of the {known} CIs would be gone: nothing was taken away."
    ),
    "ci.name_missing": N_("It needs a name."),
    "ci.name_taken": N_("Something is called {name} already."),
    "ci.of_source": N_("The source {source} tells of {name}: it is gone when it is gone there."),
    "ci.relation_itself": N_("Nothing has to do with itself."),
    "ci.relation_missing": N_("{name} has no such relation to {other}."),
    "ci.relation_unknown": N_("{word} is no relation; there are: {known}."),
    "ci.stale": N_("Somebody changed {name} in the meantime. Look at it again."),
    "ci.too_many_attributes": N_("These are more than {most} attributes."),
    # why a directory could not be asked
    "entra.refused": N_("Entra refuses."),
    "entra.unreachable": N_("Entra can't be reached."),
    "ldap.certificate": N_("The directory's certificate can't be trusted."),
    "ldap.credentials": N_("The directory does not take bind_dn and password."),
    "ldap.empty_password": N_("Without a password anybody could bind, as nobody."),
    "ldap.no_start_tls": N_("The directory knows no StartTLS: use ldaps://."),
    "ldap.protocol": N_("What answers is no LDAP directory."),
    "ldap.refused": N_("The directory refuses."),
    "ldap.timeout": N_("The directory did not answer in time."),
    "ldap.unreachable": N_("The directory can't be reached."),
    # how everything is
    "overview.dead": N_("Dead letters in the last hour: {count}. Somebody has to see to them."),
    "overview.fault": N_("The hub is not ready: {fault}"),
    "overview.flowing": N_("Everything is flowing: the last event came at {last_at}, and nothing waits."),
    "overview.held": N_("{lane} is held until {until_at}. Waiting there: {waiting}; none is lost."),
    "overview.on_its_way": N_("Everything is flowing: the last event came at {last_at}. On their way: {waiting}."),
    "overview.paused": N_("{lane} is paused. Waiting there: {waiting}; none is lost."),
    "overview.quiet": N_("Everything is ready; no event has come yet."),
    "overview.stopped": N_("{lane} kept failing and was stopped. Waiting there: {waiting}; none is lost."),
    "overview.waiting": N_("Waiting: {waiting}, the oldest since {oldest_at}."),
    # the audit log
    "audit.cut": N_("Entries are missing at the end, from number {number}."),
    "audit.edited": N_("Entry {number} was changed."),
    "audit.gap": N_("Entry {number} is missing or out of order."),
    "audit.rewritten": N_("The log was written anew: entry {number} is not the one that was exported."),
    # access
    "access.role_unknown": N_("There is no role {role}."),
    "access.scope_unknown": N_("There is no scope {scope}."),
    "oidc.ambiguous": N_("Somebody else here has this address already. Whoever runs Centralita can tell them apart."),
    "oidc.denied": N_("The identity provider was told not to go on."),
    "oidc.disabled": N_("This account is disabled."),
    "oidc.domain": N_("Addresses of this domain may not come in, or the address is not verified."),
    "oidc.no_role": N_("No role is meant for this person."),
    "oidc.off": N_("Sign-in by an identity provider is not set up."),
    "oidc.other_issuer": N_("The identity provider calls itself something else than dashboard.oidc.issuer."),
    "oidc.paused": N_("It is asked again in {seconds} s at the earliest. A password is taken meanwhile."),
    "oidc.refused": N_("The identity provider refuses."),
    "oidc.stale": N_("It took too long, was done before, or was begun in another browser. Try again."),
    "oidc.unconfigured": N_("To sign in by an identity provider the configuration lacks: {settings}."),
    "oidc.unknown_person": N_("There is no account for this person here."),
    "oidc.unreachable": N_("The identity provider can't be reached."),
    "oidc.untrusted": N_("What the identity provider says can't be trusted."),
    "oidc.unusable": N_("The identity provider does not say what it should."),
    "password.guessable": N_(
        "This password is too easily guessed; better are several words that have nothing to do with each other."
    ),
    "password.old_wrong": N_("That is not the present password."),
    "password.too_long": N_("The password is too long."),
    "password.too_short": N_("A password has 12 characters at least."),
    "sign_in.wait": N_("Too many tries. The next one is heard in {seconds} s."),
    "sign_in.wrong": N_("Name or password are wrong."),
    "token.beyond_maker": N_("Nobody can give away more than they have: {scope}."),
    "token.no_scopes": N_("A token needs a role or at least one scope."),
    "token.role_or_scopes": N_("Give a role or scopes, not both."),
    "user.beyond_maker": N_("Nobody can give away more than they have: the role {role}."),
    "user.disabled": N_("{name} is disabled."),
    "user.name_invalid": N_("A name has letters, digits, and . - _ @ +, at most 100 of them."),
    "user.not_first": N_("There is an account already: sign in."),
}


def in_words(message_id: str, arguments: Mapping[str, Any], locale: str) -> str:
    """The sentence of a message id."""
    if message_id in ("condition.true", "condition.false"):
        return _comparison(message_id, arguments, locale)
    text = TEXTS.get(message_id) or _integrations_text(message_id)
    filled = {name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
              for name, value in arguments.items()}  # fmt: skip
    try:
        return _(text, locale).format_map(filled)
    except (KeyError, IndexError):
        return message_id


def explained(reason: str, detail: str, locale: str) -> str:
    """Why a delivery or an attempt ended as it did: the sentence of ``reason``, and what its ``detail`` adds."""
    from centralita.integrations.slack.system import explain_detail

    said = (in_words(reason, {}, locale) if reason else "", explain_detail(detail, locale))
    return " ".join(part for part in said if part)


def _integrations_text(message_id: str) -> str:
    """What the integrations say: Slack messages speak of the one, settings that are wrong are the other."""
    from centralita.integrations.registry import FAULTS
    from centralita.integrations.slack.system import DETAILS, REASONS

    return REASONS.get(message_id) or DETAILS.get(message_id) or FAULTS.get(message_id) or message_id


def _comparison(message_id: str, arguments: Mapping[str, Any], locale: str) -> str:
    actual = ", ".join(f"{path} = {value}" for path, value in arguments["actual"].items())
    if message_id == "condition.true":
        return _("{comparison} is true ({actual})", locale).format(comparison=arguments["comparison"], actual=actual)
    return _("{comparison} is false ({actual})", locale).format(comparison=arguments["comparison"], actual=actual)
