"""Prometheus's Alertmanager (Debian's package) as a process: one receiver for each channel, and no waiting at all."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from benchmarks.children import END_S, Failed

NAMES = ("prometheus-alertmanager", "alertmanager")


def _configuration(hooks: Mapping[str, str]) -> dict[str, object]:
    routes = [{"receiver": name, "matchers": [f'channel="{name}"']} for name in hooks]
    receivers = [
        {
            "name": name,
            "slack_configs": [
                {
                    "api_url": hook,
                    "send_resolved": False,
                    "title": "{{ (index .Alerts 0).Annotations.title }}",
                    "text": "{{ (index .Alerts 0).Annotations.description }}",
                }
            ],
        }
        for name, hook in hooks.items()
    ]
    route = {
        "receiver": next(iter(hooks)),
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "4h",
        "routes": routes,
    }
    return {"route": route, "receivers": receivers}


@contextmanager
def alertmanager(directory: Path, hooks: Mapping[str, str]) -> Iterator[str]:
    """Its address, until the block ends. ``hooks``: the incoming webhook of each channel."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise Failed("Alertmanager is missing: run scripts/need.sh prometheus-alertmanager")
    file = directory / "alertmanager.yml"
    file.write_text(yaml.safe_dump(_configuration(hooks)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = (
        f"--config.file={file}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    )
    process = subprocess.Popen((program, *options), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if "Listening on" in line or "address=" in line:
                break
        else:
            raise Failed(f"Alertmanager ended: {''.join(said)[-500:]}")
        yield f"http://{address}"
    finally:
        process.terminate()
        process.communicate(timeout=END_S)
