"""Cases whose outcome is not yet what it states: they are told, and may not be forgotten.

Belongs here: marks on known faults. A case that begins to hold fails until its line is taken out.
"""

from __future__ import annotations

import pytest

KNOWN_FAULTS = {
    # title of the case or name of the test: what happens instead
    "carets and a header that begins as packed files do (found by fuzzing)": "taken for packed",
    "carets and such a header below a blank line": "taken for packed",
    "control characters for delimiters, as Hive writes them": "not tried as a delimiter",
    "CR alone in a Bulk API file": "the message does not tell what is wrong",
    "two parts put together with their headers": "the second header is taken for a row",
    "two parts put together, where every column is text": "the second header is taken for a row",
    "two parts put together, each with a byte order mark": "the second header is taken for a row",
    "a column without a name beside one that bears its stand-in": "two columns of one name",
    "a Bulk API file with a header that is longer than the csv module reads": "its own error",
    "UTF-16 without a byte order mark": "the message names another remedy",
    "UTF-8 where UTF-16 is due": "the message names another remedy",
    "a Bulk API file in UTF-16": "the message names another remedy",
    "Parquet of a text with a NUL": "accepted",
    "a key of blanks where every key is text": "accepted",
    "thousands, as the source file says": "more groupings are read than should be",
    "decimal commas, as the source file says": "more groupings are read than should be",
    "years of two digits": "a format of four digits reads two",
    "days without anything between": "a format of two digits reads one",
    "milliseconds since 1970, and counts that no clock can hold": "a count of a few is read",
}
_UNCHANGED_WHILE_READ = "test_a_file_that_changes_while_it_is_read_is_refused"
_MEMORY = "test_refused_rows_are_not_all_held_at_once"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the known faults as such."""
    for item in items:
        name, _, title = item.name.partition("[")
        title = title.removesuffix("]")
        if "tests/corpus" not in str(item.path):
            continue
        if title in KNOWN_FAULTS:
            item.add_marker(pytest.mark.xfail(strict=True, reason=KNOWN_FAULTS[title]))
        elif name == _UNCHANGED_WHILE_READ:
            item.add_marker(pytest.mark.xfail(reason="only a file in a bucket is held to its size"))
        elif name == _MEMORY:
            item.add_marker(pytest.mark.xfail(reason="refused rows are gathered in memory"))
