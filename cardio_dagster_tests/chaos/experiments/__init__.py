"""The experiments, a module each: what is broken, how, and what must hold afterwards."""
