"""The tour: a question to every mart, with its answer on the sample company.

questions.py   the questions, and what plots show, read from docs/tour/
page.py        the answers of a published warehouse, written as docs/tour.md
plots.py       the plots of that page

Does not belong here: the words of the questions, which stand in docs/tour/.
"""
