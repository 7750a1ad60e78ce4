"""Pictures of the tools for docs/, taken of what really runs.

Belongs here: `python -m tests.screenshots`. Does not belong here: plots of the
tour (orchestration/tour/), whether what is seen is right (tests/bi/).
"""
