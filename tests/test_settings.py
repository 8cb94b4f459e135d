"""The configuration: file, environment, older names, and every way to get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from centralita.core.access import read_policy
from centralita.settings import Settings, SettingsError, describe, load, shown
from centralita.settings.environment import NAMES
from centralita.settings.schema import kind_at

Write = Callable[[str], Path]

SEED = """
integrations:
  slack:
    enabled: true
    channel_mappings:
      # Event severity to channel mapping
      critical: "#incidents"
      high: "#alerts"
      medium: "#alerts"
      low: "#notifications"
    notification_rules:
      - name: "Critical Infrastructure"
        condition: "severity == 'critical' AND ci_type == 'server'"
        channel: "#infrastructure-critical"
        mentions: ["@oncall", "@infrastructure-team"]
      - name: "Security Events"
        condition: "category == 'security'"
        channel: "#security-alerts"
        mentions: ["@security-team"]
    formatting:
      use_blocks: true
      include_charts: false
      thread_replies: true
      emoji_reactions: true
workflows:
  - name: "Incident Response"
    trigger: {type: webhook, url: "https://api.example.com/slack/workflows/incident-response"}
permissions:
  roles:
    admin: {commands: ["*"], actions: ["*"]}
    viewer: {commands: ["status", "search"], actions: ["view"]}
  user_mappings:
    "U12345678": "admin" # Slack user ID to role
  default: "viewer"
troubleshooting:
  connection_errors: {symptom: "Bot appears offline", causes: [Invalid bot token]}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(text: str) -> Path:
        file = tmp_path / "centralita.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return writer


def problems(file: Path | None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {})
    directory = f"{file.parent}/" if file else "\0"
    return [line.replace(directory, "") for line in str(caught.value).splitlines()]


def test_nothing_at_all_gives_the_defaults() -> None:
    settings = load(None, {})
    assert settings == Settings()
    assert (settings.server.port, settings.receive.max_body_bytes, settings.deliver.in_flight) == (8420, 1_048_576, 256)
    assert settings.database_url == f"sqlite:///{Path('centralita-data/centralita.db').absolute()}"


def test_the_seeds_configuration_works_under_its_own_keys(write: Write) -> None:
    settings = load(write(SEED), {})
    assert settings.slack.channel_mappings == {
        "critical": "#incidents",
        "high": "#alerts",
        "medium": "#alerts",
        "low": "#notifications",
    }
    assert [rule.name for rule in settings.rules] == ["Critical Infrastructure", "Security Events"]
    assert settings.rules[0].mentions == ("@oncall", "@infrastructure-team")
    assert settings.slack.formatting.include_charts is False
    assert settings.permissions.user_mappings == {"U12345678": "admin"}
    notices = [notice.text("en").partition("centralita.yaml:")[2] for notice in settings.notices]
    assert notices == [
        "25:1: workflows: has no effect in this version.",
        "35:1: troubleshooting: has no effect in this version.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "notification_rules: [{name: one}]",
        "slack: {notification_rules: [{name: one}]}",
        "integrations: {notification_rules: [{name: one}]}",
        "integrations: {slack: {notification_rules: [{name: one}]}}",
        "slack: {burst: 5}\nintegrations: {slack: {notification_rules: [{name: one}], rate_per_s: 2}}",
    ],
)
def test_notification_rules_are_found_wherever_they_stand(write: Write, text: str) -> None:
    settings = load(write(text), {})
    assert [rule.name for rule in settings.rules] == ["one"]
    place = settings.place(("rules", 0, "name"))
    assert place is not None and place.key.endswith("notification_rules[0].name")


def test_an_older_name_beside_ours_is_refused(write: Write) -> None:
    file = write("rules: [{name: one}]\nnotification_rules: [{name: two}]\n")
    assert problems(file) == ["centralita.yaml:2:1: notification_rules: says the same as rules. Keep one of them."]


def test_users_own_variables_reach_their_settings() -> None:
    values = {name: f"value-of-{name.lower()}" for name in NAMES} | {"DATABASE_URL": "postgres://u:p@db/hub"}
    settings = load(None, values)
    assert settings.slack.channel_mappings == {
        "critical": "value-of-slack_incidents_channel",
        "high": "value-of-slack_alerts_channel",
        "medium": "value-of-slack_alerts_channel",
    }
    assert settings.slack.incidents_channel == "value-of-slack_incidents_channel"
    assert settings.slack.changes_channel == "value-of-slack_changes_channel"
    assert settings.slack.reports_channel == "value-of-slack_reports_channel"
    assert settings.database.url == "postgresql://u:p@db/hub"
    for secret, name in (
        (settings.slack.bot_token, "slack_bot_token"),
        (settings.slack.app_token, "slack_app_token"),
        (settings.slack.signing_secret, "slack_signing_secret"),
        (settings.slack.webhook_url, "slack_webhook_url"),
        (settings.webhook_secret, "webhook_secret"),
    ):
        assert secret is not None and secret.get_secret_value() == f"value-of-{name}"


def test_every_older_name_leads_to_a_setting() -> None:
    assert all(kind_at(keys) is not None for targets in NAMES.values() for keys in targets)


def test_the_environment_wins_over_the_file_and_our_names_over_older_ones(write: Write) -> None:
    file = write('slack: {bot_token: from-file, channel_mappings: {high: "#file", low: "#low"}}\nserver: {port: 1}')
    settings = load(
        file,
        {
            "SLACK_BOT_TOKEN": "older",
            "CENTRALITA_SLACK__BOT_TOKEN": "ours",
            "CENTRALITA_SLACK__CHANNEL_MAPPINGS__HIGH": "#environment",
            "CENTRALITA_SERVER__PORT": "9000",
            "CENTRALITA_NETWORK__ALLOW": "[10.0.0.0/8, 127.0.0.1]",
            "CENTRALITA_SECRET_KEY": "1234",
            "CENTRALITA_LOGS__LEVEL": "",
        },
    )
    assert settings.slack.bot_token is not None and settings.slack.bot_token.get_secret_value() == "ours"
    assert settings.slack.channel_mappings == {"high": "#environment", "low": "#low"}
    assert settings.server.port == 9000
    assert settings.network.allow == ("10.0.0.0/8", "127.0.0.1/32")
    assert settings.secret_key is not None and settings.secret_key.get_secret_value() == "1234"
    assert settings.logs.level == "info"


def test_a_variable_that_means_no_setting_is_an_error() -> None:
    assert problems(None, {"CENTRALITA_SERVER__PROT": "1", "CENTRALITA_CONFIG": "x", "CENTRALITA_TEST_KILLS": "1"}) == [
        "CENTRALITA_SERVER__PROT: There is no such setting. Did you mean CENTRALITA_SERVER__PORT?"
    ]


def test_references_read_the_environment(write: Write) -> None:
    file = write(
        "server: {host: '${HOST:-::1}', port: '${PORT}'}\n"
        "slack:\n  bot_token: ${TOKEN:-}\n  reports_channel: a-$${HOST}-${PORT}\n"
    )
    settings = load(file, {"PORT": "81", "TOKEN": ""})
    assert (settings.server.host, settings.server.port) == ("::1", 81)
    assert settings.slack.bot_token is None
    assert settings.slack.reports_channel == "a-${HOST}-81"


def test_relative_paths_start_at_the_file_and_options_at_the_current_directory(write: Write) -> None:
    file = write("data_dir: data\nlogs: {file: hub.log}\n")
    settings = load(file, {})
    assert settings.data_dir == file.parent / "data"
    assert settings.logs.file == file.parent / "hub.log"
    assert settings.database_url == f"sqlite:///{file.parent}/data/centralita.db"
    assert load(file, {"CENTRALITA_DATA_DIR": "elsewhere"}).data_dir == Path("elsewhere")
    assert load(file, {"CENTRALITA_DATA_DIR": "elsewhere"}, Path("option")).data_dir == Path("option")


def test_everything_wrong_is_told_at_once(write: Write) -> None:
    file = write(
        "server: {prot: 1, port: nine}\n"
        "servre: 1\n"
        "slack:\n"
        "  bot_token: ${NOPE}\n"
        '  channel_mappings: {crit: "#x"}\n'
        "  reports_channel: #reports\n"
        "  burst: 0\n"
        "  burst: 2\n"
        "rules:\n"
        "  - name: a\n"
        '    mention: ["@x"]\n'
        "  - name: a\n"
        "    condition: 5\n"
        "  - condition: ''\n"
        "sources: [{slug: UPPER, kind: ''}]\n"
        "webhooks:\n"
        "  - {name: w, url: 'ftp://x', headers: {a b: c}, order: any, timeout_s: 0}\n"
        "network: {allow: [10.0.0.0/99]}\n"
        "database: {url: 'mysql://x/y'}\n"
        "logs: yes\n"
    )
    assert problems(file) == [
        "centralita.yaml:1:10: server.prot: There is no such setting. Did you mean port?",
        "centralita.yaml:1:19: server.port: has to be a whole number.",
        "centralita.yaml:2:1: servre: There is no such setting. Did you mean server?",
        "centralita.yaml:4:3: slack.bot_token: needs the environment variable NOPE, which is not set. "
        "Set it, or write ${NOPE:-default}.",
        "centralita.yaml:5:22: slack.channel_mappings.crit: has to be one of critical, high, medium, low, info.",
        'centralita.yaml:6:3: slack.reports_channel: is empty, because # starts a comment. Quote it: "#reports".',
        "centralita.yaml:7:3: slack.burst: has to be at least 1.",
        "centralita.yaml:8:3: slack.burst: was said already in line 7. Keep one of them.",
        "centralita.yaml:11:5: rules[0].mention: There is no such setting. Did you mean mentions?",
        "centralita.yaml:12:5: rules[1].name: is taken already: a.",
        "centralita.yaml:13:5: rules[1].condition: has to be text; quote it if it looks like a number.",
        "centralita.yaml:14:5: rules[2]: name is missing.",
        "centralita.yaml:15:12: sources[0].slug: may have lower-case letters, digits, - and _ only, at most 63.",
        "centralita.yaml:15:25: sources[0].kind: must not be empty.",
        "centralita.yaml:17:15: webhooks[0].url: has to be an http:// or https:// URL.",
        "centralita.yaml:17:41: webhooks[0].headers.a b: is not a valid header name.",
        "centralita.yaml:17:50: webhooks[0].order: has to be one of subject, strict, none.",
        "centralita.yaml:17:62: webhooks[0].timeout_s: has to be greater than 0.",
        "centralita.yaml:18:19: network.allow[0]: has to be a network such as 10.0.0.0/8, or an address.",
        "centralita.yaml:19:12: database.url: has to be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
        "centralita.yaml:20:1: logs: has to be a section with keys of its own.",
    ]


_NAMES = st.sampled_from(
    "integrations slack rules notification_rules formatting workflows data_dir logs file name channel_mappings high "
    "permissions roles user_mappings default sources secrets x".split()
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("${X:-y}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=5))
@settings(deadline=None, max_examples=100)
def test_no_file_breaks_the_reading_of_files(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    try:
        read = load(file, {"SLACK_ALERTS_CHANNEL": "#a", "CENTRALITA_LOGS__LEVEL": "info"})
    except SettingsError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.place.line or problem.place.origin in ("SLACK_ALERTS_CHANNEL", "CENTRALITA_LOGS__LEVEL")
            assert problem.text("en") and problem.text("es")
    else:
        assert shown(read)


def test_problems_are_told_in_spanish_too(write: Write) -> None:
    file = write("server: {prot: 1}\nslack: {bot_token: '${NOPE}'}\nlogs: {level: loud}\n")
    with pytest.raises(SettingsError) as caught:
        load(file, {})
    assert [line.partition(".yaml:")[2] for line in caught.value.text("es").splitlines()] == [
        "1:10: server.prot: No existe esa opción. ¿Será port?",
        "2:9: slack.bot_token: necesita la variable de entorno NOPE, que no está definida. "
        "Definirla o escribir ${NOPE:-valor}.",
        "3:8: logs.level: debe ser uno de estos: debug, info, warning, error.",
    ]


def test_values_that_contradict_each_other(write: Write) -> None:
    file = write(
        "rules: [{name: a}, {name: a}]\n"
        "webhooks: [{name: w, url: 'https://x.example', secret: s, secrets: [t]}]\n"
        "permissions: {user_mappings: {U1: boss}, default: nobody}\n"
        "network: {ca_file: missing.pem}\n"
        "dashboard: {oidc: {role_mappings: {chiefs: boss, desk: admin}, default_role: nobody}}\n"
    )
    assert problems(file) == [
        "centralita.yaml:1:21: rules[1].name: is taken already: a.",
        "centralita.yaml:2:48: webhooks[0].secret: has to be left out where secrets are given.",
        "centralita.yaml:3:31: permissions.user_mappings.U1: has to be one of admin, operator, viewer.",
        "centralita.yaml:3:42: permissions.default: has to be one of admin, operator, viewer.",
        "centralita.yaml:4:11: network.ca_file: There is no such file.",
        "centralita.yaml:5:36: dashboard.oidc.role_mappings.chiefs: has to be one of admin, operator, viewer.",
        "centralita.yaml:5:64: dashboard.oidc.default_role: has to be one of admin, operator, viewer.",
    ]


def test_people_have_roles_of_the_file_and_built_in_ones(write: Write) -> None:
    """As ``core.access`` reads the same block."""
    given = (
        "permissions:\n  roles: {desk: {commands: [status]}}\n"
        "  user_mappings: {U1: operator, U2: desk, U3: %s}\n  default: %s\n"
    )
    policy = read_policy(load(write(given % ("admin", "viewer")), {}).permissions.model_dump())
    assert [policy.role_of(who) for who in ("U1", "U2", "U3", "U4")] == ["operator", "desk", "admin", "viewer"]
    said = "has to be one of admin, operator, viewer, desk."
    assert [each.partition(": ")[2] for each in problems(write(given % ("boss", "nobody")))] == [
        f"permissions.user_mappings.U3: {said}",
        f"permissions.default: {said}",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1\n", "is not valid YAML"),
        ("mentions: [@oncall]\n", "quote what starts with @"),
        ("- a\n- b\n", "has to be a mapping"),
        ("rules: &r [*r]\n", "refers to itself"),
        ("slack: {bot_token: '${1}'}", "${NAME:-default}"),
        ("? [a]\n: 1\n", "A key has to be text"),
        ("locale: !!python/object/apply:os.system [echo]\n", "has to be one of es, en"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(write: Write, text: str, said: str) -> None:
    found = problems(write(text))
    assert said in found[0]
    assert found[0].startswith("centralita.yaml:1:") or found[0].startswith("centralita.yaml:2:")


def test_a_missing_file_and_a_foreign_encoding_are_told(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.yaml") == ["none.yaml: cannot be read: No such file or directory."]
    (tmp_path / "latin.yaml").write_bytes(b"locale: espa\xf1ol\n")
    assert problems(tmp_path / "latin.yaml") == ["latin.yaml: cannot be read: UTF-8."]


def test_aliases_cannot_fill_the_memory(write: Write) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert any("too large" in line for line in problems(write("\n".join(lines))))


def test_yaml_guesses_neither_times_nor_keys(write: Write) -> None:
    settings = load(write("sources: [{slug: a, kind: b, settings: {on: 12:30, 7: 2024-01-02, off: false}}]"), {})
    assert settings.sources[0].settings == {"on": "12:30", "7": "2024-01-02", "off": False}


def test_an_empty_section_is_a_default_one(write: Write) -> None:
    assert load(write("slack:\nrules:\nserver: {port: }\n"), {}).model_dump() == Settings().model_dump()


SECRET = "hunter2-very-secret"


def test_secrets_show_nowhere(write: Write) -> None:
    file = write(
        f"database: {{url: 'postgresql://hub:{SECRET}@db/hub'}}\n"
        f"slack: {{bot_token: {SECRET}, webhook_url: 'https://hooks.slack.com/services/{SECRET}'}}\n"
        f"sources: [{{slug: a, kind: b, secrets: {SECRET}, settings: {{password: {SECRET}}}}}]\n"
        f"webhooks: [{{name: w, url: 'https://u:{SECRET}@x.example/', secret: {SECRET}, headers: {{a: {SECRET}}}}}]\n"
        f"network: {{proxy: 'http://u:{SECRET}@proxy.example'}}\n"
    )
    settings = load(file, {"CENTRALITA_SECRET_KEY": SECRET})
    assert SECRET not in repr(settings) and SECRET not in str(settings)
    assert SECRET not in repr(shown(settings))
    wrong = write(f"slack: {{bot_token: [{SECRET}], api_url: '{SECRET}'}}\ndatabase: {{url: 'mysql://{SECRET}'}}\n")
    with pytest.raises(SettingsError) as caught:
        load(wrong, {"CENTRALITA_SERVER__PORT": SECRET})
    assert SECRET not in repr(caught.value) + str(caught.value)
    assert len(caught.value.problems) == 4


def test_an_empty_secret_is_no_secret(write: Write) -> None:
    assert problems(write("sources: [{slug: a, kind: b, secrets: ['']}]")) == [
        "centralita.yaml:1:40: sources[0].secrets[0]: must not be empty."
    ]


@pytest.mark.parametrize("value", ["a\\nb", "ñ", " x", "x "])
def test_a_header_cannot_smuggle_another(write: Write, value: str) -> None:
    found = problems(write(f'webhooks: [{{name: w, url: "https://x.example", headers: {{X-A: "{value}"}}}}]'))
    assert found == ["centralita.yaml:1:58: webhooks[0].headers.X-A: is not a valid header value."]


def test_every_value_tells_where_it_comes_from(write: Write) -> None:
    file = write("server: {port: 81}\nslack: {channel_mappings: {high: '#a'}}\n")
    values = {entry.path: entry for entry in shown(load(file, {"DATABASE_URL": "sqlite:////x.db"}, Path("d")))}
    assert values["server.port"].origin == f"{file}:1:10"
    assert values["server.host"].origin == "default"
    assert values["database.url"].origin == "DATABASE_URL"
    assert values["data_dir"].origin == "--data"
    assert values["slack.channel_mappings.high"].origin == f"{file}:2:28"


def test_every_setting_is_described() -> None:
    described = describe()
    assert all(entry.help for entry in described)
    assert len({entry.path for entry in described}) == len(described)
    by_path = {entry.path: entry for entry in described}
    assert by_path["sources[].slug"].required and by_path["slack.bot_token"].secret
    assert by_path["slack.channels.<name>.locale"].type == "es | en"
    assert by_path["webhooks[].schedule_s"].default == "[5, 300, 1800, 7200, 18000, 36000, 36000]"


def test_the_example_file_is_valid() -> None:
    example = Path(__file__).parents[1] / "centralita.example.yaml"
    settings = load(example, {"INVGATE_WEBHOOK_SECRET": "s", "ERP_WEBHOOK_SECRET": "whsec_c2VjcmV0", "TOKEN": "t"})
    assert settings.rules and settings.sources and settings.webhooks and not settings.notices
