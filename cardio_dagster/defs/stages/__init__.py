"""One asset a stage of the state machine, each strictly one study, one partition, one run."""
