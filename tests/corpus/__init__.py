"""Hostile and odd files, each with its expected outcome, through the whole of the loader.

Belongs here: one readable case a file, as bytes made in code, and what becomes of it: which rows
are accepted with which values, which are quarantined by which rule, or why the file is refused.
Does not belong here: random files (tests/unit/test_accounts.py), coverage-guided ones
(tests/fuzz/).

case.py           what a case is, and the home that it lands in
*_files.py        the cases, by what is odd about them
files.py          all of them
python_values.py  a second opinion on texts: what Python's own modules make of them
test_corpus.py    every case, and what holds of all of them
conftest.py       a case that never ends fails
test_folder.py    what else can stand in the folder of a night: links, pipes, odd names, copies
test_own_process.py  files that must neither fill nor end the process that reads them
"""
