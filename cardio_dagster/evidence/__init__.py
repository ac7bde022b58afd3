"""Evidence: the protocol notes that a report cites, the search in them and what else tier 1 finds for a draft.

Belongs here: notes, their index and search, earlier studies, suggestions. Not here: writing sentences or checking them
(reporting/). `open_searcher` of cache.py is the door to the search.
"""
