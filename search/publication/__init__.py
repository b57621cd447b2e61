"""Publishing: checks of a generation, the move of the live pointer, rollback, pruning.

Commands, the nightly run and the operator's pages call it. It builds nothing.
"""
