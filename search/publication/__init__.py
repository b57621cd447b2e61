"""Publishing: checks of a generation, the live pointer, rollback, pruning, inspection afterwards.

Commands, the nightly run and the operator's pages call it. It builds nothing.
"""
