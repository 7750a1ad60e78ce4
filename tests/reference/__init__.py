"""Second implementations, in plain Python, of what the models compute in SQL.

Belongs here: definitions of the metrics carried out by loops, for tests to compare marts with.
Does not belong here: anything that the package or the models already compute; nothing is imported
from them.
"""
