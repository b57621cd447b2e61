"""Running it: what is well and what is not, schedule, history, disk, queue. Reads; runs nothing."""
