"""Business rules: what one may say, which are in force at a moment, and where they are kept.

Pages and commands change them; the engine reads them. They know products by sku, and no vector.
"""
