"""Building a generation: trained, measured, calibrated, written; or left alone where it is current.

Commands and the nightly run call it. It publishes nothing.
"""
