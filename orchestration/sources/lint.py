"""What a source file may say and its author probably did not mean.

Belongs here: warnings about a source file that can be carried out.
Does not belong here: what cannot be carried out (check.py), landed files (landed.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from itertools import combinations

from orchestration.sources.catalog import canonical_objects
from orchestration.sources.document import Document, Where
from orchestration.sources.mistakes import Mistake, did_you_mean, listed
from orchestration.sources.model import ColumnSpec, LoadRules, ObjectSpec, SourceFile

_STAGE_COLUMNS = (("opportunities", "stage"), ("opportunity_stage_history", "stage"))
# Letters of a date format that tell the year, or the whole day.
_YEARS = ("%Y", "%y", "%G", "%g", "%C", "%D", "%F", "%x", "%c", "%s", "%+")
_EPOCHS = ("epoch_ms", "epoch_s")
_READABLE = r"(csv|txt|tsv|tab|json|jsonl|ndjson|parquet|pq|xlsx|xlsm)(\.(gz|gzip|zst|zstd))?$"
_UNREADABLE = {
    "xls": "save it as .xlsx",
    "xlsb": "save it as .xlsx",
    "ods": "save it as .xlsx or .csv",
    "numbers": "export it as .xlsx or .csv",
    "pdf": "a PDF is no table: export CSV",
    "html": "export CSV",
    "xml": "export CSV or JSON",
    "bz2": "compress it with gzip or zstd",
    "xz": "compress it with gzip or zstd",
    "7z": "compress it with gzip or zstd, or as a zip",
    "rar": "compress it with gzip or zstd, or as a zip",
}


def doubts(source: SourceFile, document: Document) -> Iterator[Mistake]:
    """All warnings about a source file that has no mistake."""
    for find in (
        _of_stages,
        _of_stage_texts,
        _of_pipelines,
        _of_currency,
        _of_numbers,
        _of_formats,
        _of_origins,
        _of_keys,
        _of_deltas,
        _of_patterns,
        _of_shared_files,
        _of_references,
    ):
        yield from _warned(find, source, document)


_Doubt = tuple[Where, str, str]
_Find = Callable[[SourceFile], Iterator[_Doubt]]


def _warned(find: _Find, source: SourceFile, document: Document) -> Iterator[Mistake]:
    for where, text, remedy in find(source):
        yield document.mistake(where, text, remedy, is_warning=True)


def _of_stages(source: SourceFile) -> Iterator[_Doubt]:
    lists_stages = bool(source.pipelines) or "stages" in source.objects
    if "opportunities" in source.objects and not lists_stages:
        yield (
            ("objects", "opportunities"),
            "nothing lists the stages: the funnel has no order, and nothing is won or lost",
            "add `pipelines:` with the open stages in order, `won` and `lost`",
        )
    for number, pipeline in enumerate(source.pipelines):
        if pipeline.qualified_from is None:
            yield (
                ("pipelines", number),
                f"pipeline `{pipeline.name}` does not say from which stage on a deal is qualified: "
                "figures of qualified deals stay empty",
                f"add `qualified_from`, one of {listed(pipeline.stages)}",
            )


def _of_stage_texts(source: SourceFile) -> Iterator[_Doubt]:
    """A stage that the source file makes itself must be one that it lists."""
    stages = {
        stage
        for pipeline in source.pipelines
        for stage in (*pipeline.stages, *pipeline.won, *pipeline.lost)
    }
    if not stages:
        return
    for object_, column in _STAGE_COLUMNS:
        spec = source.objects[object_].columns.get(column) if object_ in source.objects else None
        for word, made in _made_texts(spec) if spec else ():
            if made not in stages:
                yield (
                    ("objects", object_, "columns", column, *word),
                    f"`{made}` is no stage of `pipelines:`",
                    did_you_mean(made, stages),
                )


def _made_texts(spec: ColumnSpec) -> Iterator[tuple[Where, str]]:
    if spec.value is not None and spec.value not in spec.replace:
        yield ("value",), spec.value
    for text, made in spec.replace.items():
        if made:
            yield ("replace", text), made


def _of_pipelines(source: SourceFile) -> Iterator[_Doubt]:
    """Rows without a pipeline are of the pipeline `default`."""
    names = [pipeline.name for pipeline in source.pipelines]
    opportunities = source.objects.get("opportunities")
    if not names or opportunities is None:
        return
    spec = opportunities.columns.get("pipeline")
    if spec is None and names != ["default"]:
        yield (
            ("pipelines",),
            f"opportunities map no `pipeline`, so that all are of `default`, and not of "
            f"{listed(names)}",
            "map `pipeline`"
            + (", or leave the name of the only pipeline out" if len(names) == 1 else ""),
        )
    for word, made in _made_texts(spec) if spec else ():
        if made not in names:
            yield (
                ("objects", "opportunities", "columns", "pipeline", *word),
                f"`{made}` is no pipeline of `pipelines:`",
                did_you_mean(made, names) or f"there are {listed(names)}",
            )


def _of_currency(source: SourceFile) -> Iterator[_Doubt]:
    opportunities = source.objects.get("opportunities")
    if source.currency is None and opportunities is not None:
        columns = opportunities.columns
        if "amount" in columns and "currency_code" not in columns:
            yield (
                ("objects", "opportunities", "columns", "amount"),
                "nothing says in which currency amounts are: the reporting currency is assumed",
                "add `currency:`, or map `currency_code`",
            )


def _of_numbers(source: SourceFile) -> Iterator[_Doubt]:
    for where, rules in _rules(source):
        decimal = _said(rules, source, "decimal")
        if decimal == _said(rules, source, "delimiter") == ",":
            yield (
                (*where, "decimal"),
                "comma as decimal separator and as delimiter: each number needs quotes",
                'if the file is delimited by semicolons, add `delimiter: ";"`',
            )


def _rules(source: SourceFile) -> Iterator[tuple[Where, LoadRules]]:
    if "decimal" in source.model_fields_set:
        yield (), source
    for name, spec in source.objects.items():
        if "decimal" in spec.model_fields_set:
            yield ("objects", name), spec


def _said(rules: LoadRules, source: SourceFile, field: str) -> object:
    return getattr(rules if field in rules.model_fields_set else source, field)


def _of_formats(source: SourceFile) -> Iterator[_Doubt]:
    for where, _, type_, spec in _columns(source):
        if spec.format and type_ not in ("date", "timestamp"):
            yield (
                (*where, "format"),
                f"a format tells how dates are written, and this column is {type_}",
                "leave it out",
            )
            continue
        for number, format_ in enumerate(spec.format):
            if format_ not in _EPOCHS and not any(year in format_ for year in _YEARS):
                yield (
                    (*where, "format", number),
                    f"`{format_}` reads no year: every value will be refused",
                    "`%Y` is a year of four digits, `%y` of two",
                )


def _of_origins(source: SourceFile) -> Iterator[_Doubt]:
    """An id and a name may be one column; two dates or two amounts hardly ever are."""
    for object_, spec in source.objects.items():
        declared = canonical_objects()[object_].columns
        for (one, said), (other, also) in combinations(spec.columns.items(), 2):
            shared = [name for name in said.column if name in also.column]
            is_name_of_it = declared[one].type == "text" and (
                one.endswith("_id") or other.endswith("_id")
            )
            if not shared or declared[one].type != declared[other].type or is_name_of_it:
                continue
            if said.replace == also.replace:
                yield (
                    ("objects", object_, "columns", other),
                    f"`{one}` and `{other}` both come from the column `{shared[0]}`",
                    "map the one that it means",
                )


def _of_keys(source: SourceFile) -> Iterator[_Doubt]:
    for object_, spec in source.objects.items():
        for number, column in enumerate(spec.key):
            if column not in spec.columns:
                yield (
                    ("objects", object_, "key", number),
                    f"nothing feeds `{column}` of the key: it tells no record from another",
                    "map it, or take it out of the key",
                )


def _of_deltas(source: SourceFile) -> Iterator[_Doubt]:
    for object_, spec in source.objects.items():
        has_versions = "modified_at" in canonical_objects()[object_].columns
        is_delta = _said(spec, source, "extract") == "delta"
        if is_delta and has_versions and "modified_at" not in spec.columns:
            yield (
                ("objects", object_),
                "a delta without `modified_at`: of two versions in one night the one that is "
                "read last wins",
                "map `modified_at`",
            )


def _of_patterns(source: SourceFile) -> Iterator[_Doubt]:
    for object_, spec in source.objects.items():
        where: Where = ("objects", object_, "files")
        if not spec.files:
            yield where, "no file holds this object", "name its files, like `deals*.csv`"
        for number, pattern in enumerate(spec.files):
            ending = pattern.rsplit(".", 1)[-1].casefold()
            if "/" in pattern or "\\" in pattern:
                yield (
                    (*where, number),
                    f"`{pattern}` names a folder: files are told by their name alone",
                    "files stand directly in the folder of the night",
                )
            elif not pattern.strip() or pattern.startswith((".", "_")):
                yield (
                    (*where, number),
                    f"`{pattern}` matches no file: names that begin with `.` or `_` are not read",
                    "name the files, like `deals*.csv`",
                )
            elif ending in _UNREADABLE:
                yield (*where, number), f"`.{ending}` files cannot be read", _UNREADABLE[ending]
            elif _said(spec, source, "format") is None and not _tells_format(pattern):
                yield (
                    (*where, number),
                    f"the ending of `{pattern}` does not tell what the file is: it is read as CSV",
                    "say `format:`, one of csv, jsonl, parquet, xlsx",
                )


def _tells_format(pattern: str) -> bool:
    plain = pattern.casefold()
    return bool(re.search(rf"\.{_READABLE}", plain)) or plain.endswith(("*", "?", "]", ".zip"))


def _of_shared_files(source: SourceFile) -> Iterator[_Doubt]:
    """Two objects may be read from one file, if both name it alike; `deals*.csv` beside
    `deals_history.csv` is an accident.
    """
    for (one, spec), (other, also) in combinations(source.objects.items(), 2):
        if {each.casefold() for each in spec.files} & {each.casefold() for each in also.files}:
            continue
        for here, there, wide_spec, narrow_spec in (
            (one, other, spec, also),
            (other, one, also, spec),
        ):
            for number, wide in enumerate(wide_spec.files):
                hit = next((each for each in narrow_spec.files if _takes(wide, each)), None)
                if hit is not None:
                    yield (
                        ("objects", here, "files", number),
                        f"`{wide}` also takes the files of {there} (`{hit}`)",
                        "name the files more closely, so that each object gets its own",
                    )


def _takes(wide: str, narrow: str) -> bool:
    """Whether a file that one pattern was written for falls to another one."""
    example = re.sub(r"\[[^]]*\]|[*?]", "0", narrow).casefold()
    return fnmatchcase(example, wide.casefold())


def _of_references(source: SourceFile) -> Iterator[_Doubt]:
    there = {*source.objects, *(["stages"] if source.pipelines else [])}
    there |= {"lead_statuses"} if source.lead_statuses is not None else set()
    for where, _, _, spec in _columns(source):
        if spec.references is None:
            continue
        if spec.references.object not in there:
            yield (
                (*where, "references", "object"),
                f"`{spec.references.object}` is no object of this source: nothing is compared",
                did_you_mean(spec.references.object, there) or f"there are {listed(sorted(there))}",
            )


def _columns(source: SourceFile) -> Iterator[tuple[Where, str, str, ColumnSpec]]:
    for object_, spec in source.objects.items():
        for column, said in spec.columns.items():
            type_ = _declared(object_, column).type or "text"
            yield ("objects", object_, "columns", column), column, type_, said


def _declared(object_: str, column: str) -> ColumnSpec:
    spec: ObjectSpec = canonical_objects()[object_]
    return spec.columns[column]
