"""Changes of assets: ``asset.set_owner``."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.integrations.invgate.client import assets
from centralita.integrations.invgate.client.session import Call, Failed
from centralita.integrations.invgate.writing import DONE, Work, Write
from centralita.ports import Outcome


def _set_owner(work: Work) -> Call[Outcome]:
    """Arguments: asset, owner, expected (ids of Assets' people, "" for nobody). Nothing is written when the owner is
    not the one that was expected: somebody else changed it meanwhile."""
    number, wanted = work.argument("asset"), work.argument("owner")
    asset = yield from assets.asset(work.session, number, "")
    if asset is None:
        raise Failed("invgate.not_found", f"asset {number}", retriable=False)
    owner = asset.owner.id if asset.owner is not None else ""
    if owner == wanted:
        return DONE
    if owner != work.argument("expected"):
        return Outcome(state="skipped", reason="asset.changed", failure=False, answer={"owner": owner})
    yield from assets.set_owner(work.session, number, wanted)
    return DONE


WRITES: Mapping[str, Write] = {"asset.set_owner": _set_owner}
