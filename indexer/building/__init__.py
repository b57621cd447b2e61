"""Building a generation: trained, measured, calibrated and written; or not built, if it is current.

Commands and the nightly run call it. It publishes nothing.
"""
