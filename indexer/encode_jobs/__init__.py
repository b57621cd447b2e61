"""Encode jobs: started, sent to workers, followed, ended.

Commands and the nightly run call it. It knows queues and job rows; the encoding itself is in
`indexer.encoding`.
"""
