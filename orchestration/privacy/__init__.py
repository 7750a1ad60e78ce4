"""What is known of persons: raw in bronze alone, masked wherever anybody reads.

patterns.py    what looks like an e-mail address, a phone number, a column of either
keys.py        the key of the masks
masking.py     one bronze file as the models may see it
border.py      the folder that the models read, in step with bronze
display.py     refused rows as they may be shown
suite.py       the gate's check that nothing personal came through
forgotten.py   who was forgotten, kept as hashes and applied to every later load
persons.py     whose data it is: records and values of a person
forget.py      a person taken out of everything that is kept
rewriting.py   bronze, quarantine and landed files without a person; stores.py: versions, logs
proof.py       a look into every byte below the home for what must be gone
retention.py   what is removed for its age
"""
