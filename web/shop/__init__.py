"""The pages that shoppers see: search, results, products. They work without JavaScript.

Anyone may open them. They ask the engine that `web.state` holds for the request.
"""
