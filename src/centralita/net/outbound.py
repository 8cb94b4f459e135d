"""Makes every request that a destination can wish for: by HTTP, or as a mail."""

from __future__ import annotations

from centralita.net.client import Client
from centralita.net.mail import Mailer
from centralita.ports import HttpRequest, HttpResponse, MailRequest


class Outbound:
    """Both ways out. Without a ``mailer`` no mail leaves."""

    def __init__(self, client: Client, mailer: Mailer | None = None) -> None:
        self._client, self._mailer = client, mailer

    def judge(self, url: str) -> str:
        """``Client.judge``."""
        return self._client.judge(url)

    async def request(self, request: HttpRequest | MailRequest) -> HttpResponse:
        """Whatever happens is in the answer; only cancellation raises."""
        if isinstance(request, HttpRequest):
            return await self._client.request(request)
        if self._mailer is None:
            return HttpResponse(error="protocol", reason="mail.unconfigured", sent=False)
        return await self._mailer.send(request)
