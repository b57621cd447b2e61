"""The API's description: the OpenAPI document for programs, a page for people, example calls.

It is made from the views and models of `web.api`.
"""
