"""What the Dagster objects in defs/ are made of: resources, IO managers, metadata, retrying.

Belongs here: code that knows Dagster but is no definition; it lies outside defs/ because every
module there is imported as definitions. Not here: anything that measures hearts.
"""
