"""The JSON API: its views, their requests and their answers.

Programs call it, and so do scripts of the shop's own pages. `web.api.documentation` describes it.
"""
