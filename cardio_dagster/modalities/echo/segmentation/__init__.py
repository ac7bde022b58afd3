"""From prepared frames to labelled structures: the network, what is anatomically possible, and confidence."""
