"""Faults, real ones: processes killed, disks full, folders read-only, files lost and damaged.

forked.py      nights in process groups of their own, killed at a chosen moment
power.py       what a power cut takes besides
homes.py       a small company's nights, undisturbed, and copies of the homes before each
invariants.py  what must hold of a home after any kill, and what must be the same as undisturbed
kills.py       many kills: `python -m tests.faults.kills --kills 200`
"""
