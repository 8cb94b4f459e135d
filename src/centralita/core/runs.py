"""What the states of a run mean: pipelines, jobs and deployments of code hosts, in the words that these use."""

from __future__ import annotations

from collections.abc import Mapping

from centralita.core.attributes import word
from centralita.core.events import Phase, Severity

_STATES: Mapping[str, str] = {
    **dict.fromkeys("success succeeded passed neutral built completed".split(), "succeeded"),
    **dict.fromkeys("failure failed error errored timed_out startup_failure broken".split(), "failed"),
    **dict.fromkeys("cancelled canceled canceling".split(), "canceled"),
    **dict.fromkeys(
        "queued requested in_progress pending created running waiting preparing waiting_for_resource "
        "waiting_for_callback scheduled rerequested building checks_requested".split(),
        "started",
    ),
}
_PHASES: Mapping[str, Phase] = {"failed": "open", "succeeded": "closed"}


def run_state(noun: str, state: object) -> tuple[str, Severity, Phase]:
    """(event type, severity, phase) of a ``pipeline``, ``job`` or ``deployment`` in ``state``.

    A failure opens the subject and a success closes it; a state that is none of ours is ``<noun>.updated`` and says
    neither.
    """
    outcome = _STATES.get(word(state), "updated")
    return f"{noun}.{outcome}", "high" if outcome == "failed" else "info", _PHASES.get(outcome, "")
