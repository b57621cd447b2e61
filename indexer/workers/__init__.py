"""Worker processes: the Celery tasks, messages of single products, signs of life.

Started by `indexer.queue`. It binds tasks to the functions that do the work.
"""
