"""Long work: jobs as rows, their stages and rates, one job of a kind at a time, queues, workers.

Whoever runs or shows work calls it. It knows the database; it does not know what the work is.
"""
