"""What is shipped with the pages is what its makers published."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

from centralita.web.dashboard import static

VENDOR = files("centralita.web.dashboard") / "static" / "vendor"


def test_every_vendored_file_is_pinned_by_its_hash() -> None:
    pinned = {each["file"]: each["sha256"] for each in json.loads((VENDOR / "manifest.json").read_text())}
    found = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in VENDOR.iterdir()
        if each.name != "manifest.json"
    }
    assert found == pinned


def test_no_name_leads_out_of_the_folder() -> None:
    for name in ("../page.py", "vendor/../../page.py", "/etc/passwd", "manifest.json", "", "."):
        try:
            static.asset(name)
        except LookupError:
            continue
        raise AssertionError(name)
