"""What the commands of `cardio` do."""
