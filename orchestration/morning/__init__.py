"""The morning report: one page a published version, readable without anything else.

queries/       what is asked of a published version, one table a file
evidence.py    the answers, and what stands beside the warehouse (refused nights, refused rows)
changes.py     what is different since the version before
wording.py     numbers, days and money as people read them
findings.py    the one sentence that says what a figure shows
chance.py      whether a difference of shares is more than chance
bars.py        what each figure draws: rows of bars and points
curves.py      months
heat.py        cohorts
marks.py       what figures share
drawing.py     from a figure to SVG that follows the page's colours
tables.py      what is a table
key_figures.py the few numbers above the figures of a pipeline
chapters.py    the figures of one pipeline, with their sentences and numbers
page.py        all of it as one HTML page (page.html, style.css)
writing.py     the page's place on the disk
assets.py      the report as a Dagster asset
"""
