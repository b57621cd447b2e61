"""Running a shop: what is well and what is not, schedule, history, disk, alarms.

Commands, the operator's pages and `/metrics` call it. It reads and tells; it runs nothing.
"""
