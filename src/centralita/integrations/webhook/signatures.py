"""The headers by which a receiver knows that a request is ours."""

from __future__ import annotations

from centralita.core.signing import standard_headers
from centralita.integrations.webhook.receiver import Receiver

Headers = tuple[tuple[str, str], ...]


def signature_headers(receiver: Receiver, message_id: str, body: bytes, now: float) -> Headers:
    """The headers that carry the id, the time and the signatures of all keys that are valid at ``now``.

    Raises ValueError for a key that cannot sign; without any key the message is not signed.
    """
    # An empty secret is a mistake, not a wish to send unsigned: signing refuses it.
    secrets = [secret.encode() for secret in receiver.secrets(now)]
    if not secrets:
        return (("webhook-id", message_id), ("webhook-timestamp", str(int(now))))
    return standard_headers(secrets, message_id, int(now), body)
