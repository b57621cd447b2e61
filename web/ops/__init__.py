"""The operator's pages under /ops: overview, jobs, generations, charts, publishing.

Operators and admins see them. They show what `search.operation` knows, and start no run.
"""
