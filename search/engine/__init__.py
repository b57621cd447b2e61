"""The query path in reading order, and the page of an answer that is shown.

The front end, commands and evaluation call it. It calls every step, and leaves the work to them.
"""
