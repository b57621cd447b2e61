"""Orders what is found: candidates, exact rescoring, re-ranking stages, confidence, reasons.

The engine and evaluation call it. It knows arrays and an understood query; it does not know
the database.
"""
