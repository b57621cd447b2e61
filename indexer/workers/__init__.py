"""Worker processes: the Celery tasks, messages of single products, signs of life.

`indexer.queue` starts them. The tasks only call the functions that do the work.
"""
