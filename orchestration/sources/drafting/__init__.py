"""A source file drafted from a folder of exports: what a person would otherwise puzzle out.

vocabulary.py  what CRMs call things (vocabulary.yml)
sniffing.py    how a text file is written: encoding, delimiter, header and footer
probe.py       the contract of nothing that they are read with
samples.py     exports opened, each as a table of text
mapping.py     which file is which object, and which column which
dates.py       how a column writes its dates, proved on its values
numbers.py     how a file writes its numbers, and which texts stand for nothing or for yes and no
feeds.py       what a source file must say of each column
links.py       ids that are names in another file
stages.py      open, won and lost stages
ordering.py    the order of the open ones
rehearsal.py   the draft tried out on the samples
draft.py       the YAML text, with its doubts as comments
"""
