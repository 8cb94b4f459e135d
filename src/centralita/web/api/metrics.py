"""What Prometheus reads: it names sources and destinations, so it is for whoever may see them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from centralita.services import health
from centralita.web.auth import hub_of, requires

router = APIRouter(tags=["overview"])

TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format"""


@router.get("/metrics", dependencies=[requires("metrics.read")], response_class=PlainTextResponse)
async def show_metrics(request: Request) -> PlainTextResponse:
    """Counters, histograms and gauges of this process in Prometheus' text format."""
    hub = hub_of(request)
    await health.measure(hub)
    return PlainTextResponse(hub.metrics.text(), media_type=TEXT_FORMAT)
