"""Raw extracts: what landed, what of it was loaded, and how its text is read.

landing.py        the nights and files below landing/, and which are complete
ledger.py         which file was loaded, with what result: every file loads once
csv_structure.py  where the records of a CSV file begin and end, and which are malformed
csv_text.py       a CSV file as a lazy frame of text columns
"""
