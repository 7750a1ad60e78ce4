"""What came of a night, told to those who must know.

origin.py     which file and row said what a check found at fault
remedies.py   what to do about a failed check, in words
links.py      where a night's page is, for Dagster and for alerts
page.py       the page of a night, drawn from the kept results (night.html.j2)
message.py    an alert, as text, as Slack takes it and as an e-mail
channels.py   sending one: webhook and mail server
alerts.py     when to send one, and never twice
closing.py    page and alerts of a night that has ended
sensors.py    the same for nights that Dagster runs, and staleness
"""
