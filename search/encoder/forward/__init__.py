"""Running an image tower fast: fused for a CPU, in batches that fit, memory kept for the next pass.

Only `search.encoder` calls it. It knows torch; it does not know what the pictures are.
"""
