"""The nightly run: all steps in order, its schedule, its account, cleaning up and looking over.

Commands, workers and beat call it. It orders the steps and does none of them itself.
"""
