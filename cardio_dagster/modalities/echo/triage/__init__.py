"""Is it a heart, which view is it, and is the picture good enough: judged from pixels."""
