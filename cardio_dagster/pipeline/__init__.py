"""The state machine in plain Python: what every door (command line, assets, bulk job) runs."""
