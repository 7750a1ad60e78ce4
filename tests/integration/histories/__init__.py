"""Companies drawn at random, told by their CRMs night by night, landed as files.

Belongs here: what is drawn (company.py, drawing.py), what happens to each opportunity (story.py),
which rows each night brings of it (telling.py), the files they come in (files.py), and which rules
a history puts to the test (cases.py). Does not belong here: what should come of the rows
(tests/reference/), building and comparing.
"""
