"""Long work as rows: jobs and their stages, rates, progress on a screen, queues and workers.

Whoever runs or shows work calls it. It knows the database; it does not know what the work is.
"""
