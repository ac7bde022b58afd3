"""From dropped cardiology files to an audited, released report. Research use, not a medical device."""

__version__ = "0.1.0"
