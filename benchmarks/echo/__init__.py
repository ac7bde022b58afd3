"""Benchmarks of the echo branch; `python -m benchmarks.echo` runs all of them."""
