"""The work queue: the Celery application that sends, its broker, and supervised worker processes.

Commands and the nightly run call it. It does not know what the tasks do.
"""
