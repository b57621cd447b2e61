"""The live generation: where the pointer stands, loading it, its model, what waits to follow.

The engine asks it for every request. It moves no pointer; `search.publication` does.
"""
