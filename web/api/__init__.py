"""The JSON API: its views, what they take and give, and the document that describes them."""
