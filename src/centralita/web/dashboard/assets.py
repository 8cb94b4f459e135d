"""Assets about whose owner a person has to decide: who it may be, and one click for each."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import asset_changes, assets
from centralita.services.asset_plans import AssetsRefused
from centralita.services.assets import Mark
from centralita.services.invgate import InvGateUnavailable
from centralita.services.wording import in_words
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render

router = APIRouter()

PAGE = 50
CONFLICTS = "/assets/conflicts"
"""Where the list is; the overview leads there."""
MANAGE = "asset.manage"


def href(id_: str, action: str) -> str:
    """Where something is done to an asset."""
    return f"/assets/{quote(id_, safe='')}/{action}"


@router.get(CONFLICTS, dependencies=[needs("asset.read")])
async def show(request: Request, after: str = Query(default="", max_length=200)) -> Response:
    """A page of them, by their ids, behind the asset ``after``."""
    return await _page(request, after, Form())


async def _page(request: Request, after: str, form: Form) -> Response:
    hub, language = hub_of(request), locale(request, await person_of(request))
    rows = await assets.conflicts(hub, PAGE + 1, after)
    more = len(rows) > PAGE
    said = ngettext("Of {n} asset it is not certain who owns it.", "Of {n} assets it is not certain who owns them.",
                    len(rows[:PAGE]), language)  # fmt: skip
    page = await page_of(
        request,
        title=_("Owners in doubt", language),
        section="overview",
        sentence=said.format(n=f"{PAGE}+" if more else len(rows)) if rows else _("Every owner is certain.", language),
        lamp="held" if rows else "flowing",
    )
    return await render(
        request,
        "assets/conflicts.html",
        page,
        status=422 if form.faults else 200,
        rows=rows[:PAGE],
        form=form,
        after=after,
        onward=f"{CONFLICTS}?" + urlencode({"after": rows[PAGE - 1].asset}) if more else "",
        href=href,
    )


@router.post("/assets/{asset}/resolve", dependencies=[needs(MANAGE)])
async def resolve(request: Request, asset: str) -> Response:
    """Gives the asset to a person, in InvGate too, and locks it."""
    hub, person, form = hub_of(request), await person_of(request), await forms.read(request)
    language, email = locale(request, person), form.get("owner")
    try:
        plan = await asset_changes.resolve(hub, person.principal.actor, asset, email)
    except AssetsRefused as refused:
        form.fault(asset, in_words(refused.reason, refused.arguments, language))
    except InvGateUnavailable as refused:
        form.fault(asset, f"{in_words(refused.reason, {}, language)} {refused.detail}".strip())
    except LookupError:
        form.fault(asset, _("The inventory does not have it any more.", language))
    else:
        said = N_("{asset} goes to {owner}, and stays so.")
        undo = f"/assets/plans/{quote(plan.id, safe='')}/revert"
        return redirect(request, CONFLICTS, Flash(said, {"asset": asset, "owner": email}, lamp="waiting", undo=undo))
    return await _page(request, form.get("after")[:200], form)


@router.post("/assets/plans/{plan}/revert", dependencies=[needs(MANAGE)])
async def revert(request: Request, plan: str) -> Response:
    """Gives what a decision changed back to whom it belonged before."""
    person = await person_of(request)
    try:
        await asset_changes.revert(hub_of(request), person.principal.actor, plan)
    except AssetsRefused as refused:
        said = in_words(refused.reason, refused.arguments, locale(request, person))
        return redirect(request, CONFLICTS, Flash("{said}", {"said": said}, lamp="failed"))
    return redirect(request, CONFLICTS, Flash(N_("The owner before is put back."), lamp="waiting"))


@router.post("/assets/{asset}/ignore", dependencies=[needs(MANAGE)])
async def ignore(request: Request, asset: str) -> Response:
    """Leaves it with whom it is, for as long as nobody else is seen on it."""
    try:
        await assets.ignore(hub_of(request), (await person_of(request)).principal.actor, asset)
    except LookupError:
        return redirect(request, CONFLICTS, Flash(N_("Somebody has decided about {asset} already."), {"asset": asset}))
    said = N_("{asset} stays as it is, until somebody else is seen on it.")
    return redirect(request, CONFLICTS, Flash(said, {"asset": asset}))


@router.post("/assets/{asset}/share", dependencies=[needs(MANAGE)])
async def share(request: Request, asset: str) -> Response:
    """Says that it is nobody's own."""
    said = N_("{asset} is nobody's own: no plan gives it to anybody.")
    return await _mark(request, asset, "share", Flash(said, {"asset": asset}, undo=href(asset, "unshare")))


@router.post("/assets/{asset}/unshare", dependencies=[needs(MANAGE)])
async def unshare(request: Request, asset: str) -> Response:
    """Takes that back: the next plan looks at it again."""
    said = N_("{asset} may have an owner again: the next plan looks at it.")
    return await _mark(request, asset, "unshare", Flash(said, {"asset": asset}))


async def _mark(request: Request, asset: str, how: Mark, flash: Flash) -> Response:
    await assets.mark(hub_of(request), (await person_of(request)).principal.actor, asset, how)
    return redirect(request, CONFLICTS, flash)
