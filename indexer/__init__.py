"""The indexer: a catalogue comes in, a published generation goes out.

Its commands and its workers are all that anyone calls. It imports `search`, never `web`.
"""
