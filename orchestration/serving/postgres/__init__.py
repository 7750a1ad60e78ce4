"""A published version in PostgreSQL, where BI tools read it.

target.py     which server, and connections to it
tables.py     what is sent: tables of the file, and what they become in PostgreSQL
load.py       rows from the file into the new schema
verify.py     the same counts and sums on both sides
furnish.py    keys, indexes, comments, statistics
schemas.py    which schema holds which version, and dropping without taking what is not ours
views.py      analysts' own views over the marts
flip.py       the new schema becomes `marts` in one transaction
reader.py     the role that BI tools log in with
serve.py      the whole way, in its order
clear.py      the same once more, without what a version said before
assets.py     the same as the last step of the night
"""
