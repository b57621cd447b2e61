"""What machines ask of the front end: health, metrics, traces, and how the shop stands.

Prometheus and load balancers ask it. It answers no shopper.
"""
