"""What a process says of itself: log lines, traces, and how long the steps of a query took.

It also keeps secret addresses out of the log lines of libraries. Anyone may call it. It knows
settings; it knows nothing of what it is told about.
"""
