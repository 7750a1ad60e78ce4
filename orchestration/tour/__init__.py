"""The tour: a question to every mart, with its answer on the sample company.

Belongs here: reading docs/tour/, asking a published warehouse, writing docs/tour.md and its plots.
Does not belong here: the questions and what plots show, which stand in docs/tour/.
"""
