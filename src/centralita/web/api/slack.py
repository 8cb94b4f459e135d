"""The Slack workspaces where the app is installed: by the interface that installations use already, and under ours."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import slack_oauth, slack_setup
from centralita.services.slack_installations import Installation, Tokens
from centralita.services.slack_setup import Connected
from centralita.services.times import shown
from centralita.web.api.once import Route, changing_hub
from centralita.web.api.problems import locale_of
from centralita.web.auth import hub_of, principal_of, requires

router = APIRouter(route_class=Route, tags=["slack"])
seed_router = APIRouter(prefix="/v1/integrations/slack", route_class=Route, tags=["slack"])

_EXAMPLE: dict[str, Any] = {
    "bot_token": "xoxb-your-bot-token",
    "app_token": "xapp-your-app-token",
    "signing_secret": "your-signing-secret",
}


class TokensBody(BaseModel):
    """What Slack shows of an app once it is installed in a workspace."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [_EXAMPLE]})
    bot_token: SecretStr = Field(
        min_length=1, max_length=500, description=N_("Under OAuth & Permissions: Bot User OAuth Token (xoxb-...).")
    )
    app_token: SecretStr = Field(
        default=SecretStr(""),
        max_length=500,
        description=N_(
            "Under Basic Information, App-Level Tokens, with connections:write (xapp-...): for Socket Mode."
        ),
    )
    signing_secret: SecretStr = Field(
        default=SecretStr(""), max_length=500, description=N_("Under Basic Information: for HTTP mode.")
    )

    def tokens(self) -> Tokens:
        """As the services take them; what was pasted with a blank or line end is taken without."""
        return Tokens(
            bot_token=self.bot_token.get_secret_value().strip(),
            app_token=self.app_token.get_secret_value().strip(),
            signing_secret=self.signing_secret.get_secret_value().strip(),
        )


class Workspace(BaseModel):
    """A workspace, without what is secret."""

    team_id: str = Field(description=N_('"" for the one of the configuration file: only Slack knows it.'))
    name: str = Field(description=N_("As people call it."))
    domain: str = Field(description=N_("As rules name it: acme in acme/#alerts."))
    enterprise: str = Field(description=N_("Id of its organisation."))
    app_id: str = Field(description=N_("The app's id at Slack."))
    bot_user: str = Field(description=N_("Whom the app acts as there."))
    scopes: list[str] = Field(description=N_("What its bot token is allowed."))
    origin: Literal["file", "database"] = Field(description=N_("Who provides it: the file, or people."))
    default: bool = Field(description=N_("Whether a channel without a workspace in front is there."))
    state: Literal["on", "ended", "shut"] = Field(
        description=N_("ended: uninstalled at Slack; shut: this machine's key does not open its tokens.")
    )
    has_app_token: bool = Field(description=N_("Whether there is a token for Socket Mode."))
    has_signing_secret: bool = Field(description=N_("Whether requests of its app can be verified."))
    installed_by: str = Field(description=N_("Who connected it."))
    installed_at: str | None = Field(description=N_("When it was connected first."))
    revoked_at: str | None = Field(description=N_("When Slack ended it."))


class Workspaces(BaseModel):
    """All that there are, the default first."""

    items: list[Workspace]


class MissingScope(BaseModel):
    """A scope that the token lacks."""

    scope: str = Field(description=N_("Its name at Slack."))
    without: str = Field(description=N_("What nobody can do without it."))


class ConnectedView(BaseModel):
    """A workspace that was connected, and what it lacks."""

    ok: bool = Field(default=True, description=N_("Always true: what fails is a problem (RFC 9457)."))
    workspace: Workspace
    missing_scopes: list[MissingScope] = Field(description=N_("Scopes to be added at Slack; then install it again."))
    missing: list[str] = Field(description=N_("Tokens to be given: app_token in Socket Mode, signing_secret in HTTP."))


class InstallLink(BaseModel):
    """A link that lets its holder connect a workspace."""

    url: str = Field(description=N_("To be opened in a browser; secret."))
    expires_at: str | None = Field(description=N_("When it stops working."))


def _view(each: Installation, default: Installation | None) -> Workspace:
    state: Literal["on", "ended", "shut"] = "on" if each.tokens.bot_token else "shut"
    return Workspace(
        **{name: getattr(each, name) for name in ("team_id", "name", "domain", "enterprise", "app_id", "bot_user")},
        scopes=list(each.scopes),
        origin=each.origin,
        default=each == default,
        state=state if each.revoked_at is None else "ended",
        has_app_token=bool(each.tokens.app_token),
        has_signing_secret=bool(each.tokens.signing_secret),
        installed_by=each.installed_by,
        installed_at=shown(each.installed_at),
        revoked_at=shown(each.revoked_at),
    )


def _connected(request: Request, made: Connected) -> ConnectedView:
    locale = locale_of(request)
    return ConnectedView(
        workspace=_view(made.installation, hub_of(request).workspaces.default),
        missing_scopes=[MissingScope(scope=one.name, without=_(one.reason, locale)) for one in made.missing_scopes],
        missing=list(made.missing),
    )


def _listing(request: Request) -> Workspaces:
    known = hub_of(request).workspaces
    return Workspaces(items=[_view(each, known.default) for each in known.listing()])


async def _connect(request: Request, response: Response, body: TokensBody) -> ConnectedView:
    actor, hub = (await principal_of(request)).actor, changing_hub(request)
    response.headers["cache-control"] = "no-store"
    return _connected(request, await slack_setup.connect(hub, actor, body.tokens()))


@router.get("/slack/workspaces", dependencies=[requires("settings.read")])
async def list_workspaces(request: Request) -> Workspaces:
    """The default first; never a token."""
    return _listing(request)


@router.post("/slack/workspaces", dependencies=[requires("slack.manage")], status_code=201)
async def connect_workspace(request: Request, response: Response, body: TokensBody) -> ConnectedView:
    """Verified at Slack, kept sealed and used at once. 422 names the token that Slack refuses, 502 when Slack cannot
    be asked, 409 when the configuration file provides that workspace."""
    return await _connect(request, response, body)


@router.delete("/slack/workspaces/{workspace}", dependencies=[requires("slack.manage")], status_code=204)
async def disconnect_workspace(request: Request, workspace: str) -> None:
    """By its id or domain. Its tokens are forgotten; at Slack the app stays installed."""
    await slack_setup.disconnect(changing_hub(request), (await principal_of(request)).actor, workspace)


@router.post("/slack/links", dependencies=[requires("slack.manage")], status_code=201)
async def make_install_link(request: Request, response: Response) -> InstallLink:
    """A link for whoever may install apps in another workspace: for an hour it lets its holder connect one. The
    configuration needs `slack.client_id`, `slack.client_secret` and `server.public_url`."""
    response.headers["cache-control"] = "no-store"
    url, expires_at = await slack_oauth.make_link(changing_hub(request), (await principal_of(request)).actor)
    return InstallLink(url=url, expires_at=shown(expires_at))


@seed_router.get("/setup", dependencies=[requires("settings.read")])
async def show_setup(request: Request) -> Workspaces:
    """What is connected, without what is secret; as `GET /api/v1/slack/workspaces`."""
    return _listing(request)


@seed_router.post("/setup", dependencies=[requires("slack.manage")])
async def set_up(request: Request, response: Response, body: TokensBody) -> ConnectedView:
    """As `POST /api/v1/slack/workspaces`."""
    return await _connect(request, response, body)


@seed_router.delete("/setup", dependencies=[requires("slack.manage")], status_code=204)
async def undo_setup(
    request: Request,
    workspace: str = Query(default="", max_length=200, description="Its id or domain; the default one if left out."),
) -> None:
    """As `DELETE /api/v1/slack/workspaces/{workspace}`."""
    hub = changing_hub(request)
    default = hub.workspaces.default
    wanted = workspace or (default.team_id if default is not None else "")
    await slack_setup.disconnect(hub, (await principal_of(request)).actor, wanted)
