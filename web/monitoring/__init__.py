"""Monitoring: metrics for Prometheus, traces, and the state of the shop for operators.

Prometheus and the operator's pages ask it. It answers no shopper.
"""
