"""Faults, real ones: processes killed, disks full, folders read-only, files lost and damaged.

forked.py      nights in process groups of their own, killed at a chosen moment
power.py       what a power cut takes besides
homes.py       a small company's nights, undisturbed, and copies of the homes before each
invariants.py  what must hold of a home after any kill, and what must be the same as undisturbed
kills.py       many kills: `python -m tests.faults.kills --kills 200`
nights.py      one night that meets one fault after another, in `make test`
disk.py        a disk of a home's own, to be filled or protected
small.py       a warehouse small enough to be published a hundred times
cuts.py        a publication and a rollback, cut off before each of their changes
readers.py     many readers of many publications: `python -m tests.faults.readers`
"""
