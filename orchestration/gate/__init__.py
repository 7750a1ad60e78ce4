"""The gate: nothing is published before every check ran and no critical one failed.

results.py     what a check found, kept for every run
suites.py      the suite files in expectations/, read strictly
engine.py      Great Expectations on DuckDB
put_off.py     what that imports and a night never uses
scope.py       which checks may keep to what a night computed anew; written.py: which rows those are
run.py         all suites against the candidate
accepted.py    what of a warning an operator accepts, written down
stamp.py       ties a passed gate to the very file it looked at
in_dagster.py  what a check found, as Dagster shows it
assets.py      suites as blocking asset checks, and the verdict
"""
