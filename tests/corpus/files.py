"""All cases of the corpus.

Belongs here: the list. Does not belong here: the cases themselves (*_files.py).
"""

from __future__ import annotations

from tests.corpus import (
    encoded_files,
    header_files,
    json_files,
    packed_files,
    salesforce_files,
    structure_files,
    table_files,
    value_files,
)

CASES = [
    *structure_files.CASES,
    *header_files.CASES,
    *encoded_files.CASES,
    *packed_files.CASES,
    *json_files.CASES,
    *table_files.CASES,
    *salesforce_files.CASES,
    *value_files.CASES,
]
