"""The query path in reading order, and the page of an answer that is shown.

The front end, commands and evaluation call it. It knows every step and does none itself.
"""
