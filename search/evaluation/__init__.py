"""Quality: judged queries, retrieval measures, stages measured one by one, generations compared.

Commands and the indexer call it. It asks the engine as shoppers do, and changes nothing.
"""
