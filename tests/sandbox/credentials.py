"""How the tests show who they are."""

import aiohttp


def basic(user: str, password: str) -> dict[str, str]:
    """The header of RFC 7617."""
    return {"Authorization": aiohttp.encode_basic_auth(user, password)}
