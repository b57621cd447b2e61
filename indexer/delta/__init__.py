"""Deltas: which rows changed since the live generation, written over it, watched for all day.

Commands and workers call it. It trains nothing and replaces no generation.
"""
