"""Recordings of fifteen minutes to days: read, filtered, judged and searched in blocks, never whole.

Belongs here: cutting into blocks and joining without a seam. Not here: any measuring, which is the same for short recordings.
"""
