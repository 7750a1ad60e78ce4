"""docs/sources.md is true, and the worked examples use every word that a source file may say.

Belongs here: the words of the model against the guide and the examples. Does not belong here: what
the examples give when they are loaded (integration/test_examples.py).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from orchestration.settings import PROJECT_ROOT
from orchestration.sources.check import check_text
from orchestration.sources.file_options import FileOptions
from orchestration.sources.model import (
    ColumnSpec,
    LeadStatuses,
    LoadRules,
    LookupSpec,
    ObjectSpec,
    PipelineSpec,
    ReferenceSpec,
    ReportFooter,
    SourceFile,
)

EXAMPLES = PROJECT_ROOT / "docs" / "examples"
GUIDE = (PROJECT_ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/*.yml"))


def words_of(model: type[BaseModel], inherited: type[BaseModel] | None = None) -> set[str]:
    """The words of a part of a source file, without those of what it is built on."""
    words = {field.alias or name for name, field in model.model_fields.items()}
    return words - words_of(inherited) if inherited else words


# Parts of a source file with the words that belong to each.
PARTS: dict[str, tuple[type[BaseModel], set[str]]] = {
    "source": (SourceFile, words_of(SourceFile, LoadRules)),
    "rules": (LoadRules, words_of(LoadRules, FileOptions)),
    "files": (FileOptions, words_of(FileOptions)),
    "object": (ObjectSpec, words_of(ObjectSpec, LoadRules)),
    # Every canonical column has a type: `type` is a word of built-in sources.
    "column": (ColumnSpec, words_of(ColumnSpec) - {"type"}),
    "lookup": (LookupSpec, words_of(LookupSpec)),
    "references": (ReferenceSpec, words_of(ReferenceSpec)),
    "pipeline": (PipelineSpec, words_of(PipelineSpec)),
    "lead_statuses": (LeadStatuses, words_of(LeadStatuses)),
    "report_footer": (ReportFooter, words_of(ReportFooter)),
}
# What a part has to say besides the word of an example.
NEEDED: dict[str, dict[str, Any]] = {
    "source": {"source": "mycrm", "objects": {}},
    "object": {"files": "deals.csv", "key": "opportunity_id", "columns": {}},
    "pipeline": {"stages": ["Demo", "Proposal"], "won": "Won", "lost": "Lost"},
}


def section(part: str) -> str:
    """The section of the guide that is about a part."""
    return next(each for each in GUIDE.split("\n## ") if f"<!-- words: {part} -->" in each)


def examples_of(part: str) -> list[tuple[str, str]]:
    """Each word of a part's table with its example."""
    return re.findall(r"^\| `(\w+)` \|.*\| `(.+)` \|$", section(part), re.MULTILINE)


def said_by_examples() -> dict[str, set[str]]:
    """The words that the worked examples use, by part."""
    said: dict[str, list[dict[str, Any]]] = {part: [] for part in PARTS}
    for name in NAMES:
        source = yaml.safe_load((EXAMPLES / name / f"{name}.yml").read_text(encoding="utf-8"))
        objects = list(source["objects"].values())
        columns = [
            {"column": column} if isinstance(column, str) else column
            for spec in objects
            for column in spec["columns"].values()
        ]
        said["source"].append(source)
        said["object"] += objects
        # Words about nights and files may be said of the source or of an object.
        said["rules"] += [source, *objects]
        said["files"] += [source, *objects]
        said["column"] += columns
        said["lookup"] += [column["lookup"] for column in columns if "lookup" in column]
        said["references"] += [column["references"] for column in columns if "references" in column]
        said["pipeline"] += source.get("pipelines", [])
        said["lead_statuses"].append(source.get("lead_statuses", {}))
        said["report_footer"].append(source.get("report_footer", {}))
    return {part: {word for spec in specs for word in spec} for part, specs in said.items()}


@pytest.mark.parametrize("part", PARTS)
def test_every_word_is_used_in_some_example(part: str) -> None:
    assert PARTS[part][1] - said_by_examples()[part] == set()


def test_examples_land_files_of_every_format_and_compression() -> None:
    landed = [path.name for path in EXAMPLES.glob("*/landing/*/*")]
    for ending in (".csv", ".json", ".jsonl", ".parquet", ".xlsx", ".zip", ".jsonl.zst"):
        assert any(name.endswith(ending) for name in landed), ending


@pytest.mark.parametrize("part", PARTS)
def test_the_guide_tells_of_every_word(part: str) -> None:
    text = section(part) if f"<!-- words: {part} -->" in GUIDE else GUIDE
    assert [word for word in sorted(PARTS[part][1]) if f"| `{word}` |" not in text] == []


@pytest.mark.parametrize("part", [part for part in PARTS if f"<!-- words: {part} -->" in GUIDE])
def test_the_examples_beside_the_words_are_what_a_source_file_may_say(part: str) -> None:
    model, words = PARTS[part]
    examples = examples_of(part)
    assert sorted(word for word, _ in examples) == sorted(words)
    for word, example in examples:
        said = yaml.safe_load(example)
        assert list(said) == [word]
        model.model_validate(NEEDED.get(part, {}) | said)


def test_the_whole_source_file_of_the_guide_has_no_mistake_and_no_warning() -> None:
    (text,) = [block for block in yaml_blocks() if block.startswith("source:")]
    assert check_text(text, "mycrm") == []


def test_the_column_of_the_guide_that_tells_a_stage_by_two_others_can_be_carried_out() -> None:
    (text,) = [block for block in yaml_blocks() if block.startswith("stage:")]
    column = ColumnSpec.model_validate(yaml.safe_load(text)["stage"])
    assert set(column.replace.values()) == {"Demo", "Proposal", "Won", "Lost"}


def yaml_blocks() -> list[str]:
    return re.findall(r"```yaml\n(.+?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_the_guide_links_to_every_example(name: str) -> None:
    assert f"(examples/{name}/README.md)" in GUIDE
    assert (EXAMPLES / name / "README.md").is_file()


def test_links_of_the_guide_lead_to_files() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", GUIDE) if "://" not in link]
    assert [link for link in links if not (PROJECT_ROOT / "docs" / link).is_file()] == []
