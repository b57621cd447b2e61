"""The JSON API: its views, what they take and what they give.

Programs call it, and the shop's own pages where a script asks. Its description is in
`web.api.documentation`.
"""
