"""The partition set `studies`: one key a study, a window of what is open or was closed lately.

Belongs here: partition sets. Not here: who adds to them (intake.py) or ages them out.
Concept: https://docs.dagster.io/guides/build/partitions-and-backfills
"""

import dagster as dg

studies = dg.DynamicPartitionsDefinition(name="studies")
