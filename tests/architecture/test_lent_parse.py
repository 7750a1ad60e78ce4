"""Homes of tests that begin with a lent parse of the project stand on the manifest of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from orchestration.settings import Settings
from orchestration.warehouse.project import invoke


def test_a_lent_parse_says_what_a_parse_of_that_home_says(tmp_path: Path) -> None:
    one, other = Settings(home=tmp_path / "one"), Settings(home=tmp_path / "other")
    assert invoke(one, ["parse"]).success
    assert invoke(other, ["parse"]).success
    assert str(one.root).encode() not in (other.dbt_target / "partial_parse.msgpack").read_bytes()
    lent = _manifest(other)
    assert _times(lent) == _times(_manifest(one)), "it was parsed anew"

    assert invoke(other, ["parse", "--no-partial-parse"]).success
    parsed = _manifest(other)
    assert _times(lent) != _times(parsed)
    assert _timeless(lent) == _timeless(parsed)


def _manifest(settings: Settings) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads((settings.dbt_target / "manifest.json").read_bytes())
    del content["metadata"]
    return content


def _times(manifest: dict[str, Any]) -> dict[str, float]:
    return {name: node["created_at"] for name, node in manifest["nodes"].items()}


def _timeless(value: Any) -> Any:
    """All that a manifest says, but when it was said."""
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key != "created_at"}
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    return value
