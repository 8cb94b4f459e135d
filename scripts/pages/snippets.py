"""docs/examples: what verifies the webhook ``erp``, as the hub gives it to whoever asks."""

from __future__ import annotations

from centralita.integrations.webhook.receiver import Receiver, SigningKey
from centralita.integrations.webhook.snippets import Language, snippet

_ERP = Receiver(name="erp", keys=(SigningKey("whsec_"),))


def example(language: Language) -> str:
    """The program in one language."""
    return snippet(_ERP, language, 0.0)
