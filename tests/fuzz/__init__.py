"""Coverage-guided fuzzing of the readers.

Belongs here: what bytes are thrown at (targets.py), and the loop that throws them (run.py).
Does not belong here: files with a stated outcome (tests/corpus/), where each finding ends up.
"""
