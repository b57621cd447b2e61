"""The nightly run: its steps in order, the scheduler, the account of a run, cleaning up.

Commands and workers call it. It orders the steps and does none of them itself.
"""
