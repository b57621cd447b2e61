"""The work queue: the Celery application, its broker, requests for a run, supervised workers.

Commands, encode jobs and the nightly run call it. It does not know what the tasks do.
"""
