"""Studies to try the system with, and the demonstration that drops them. Nothing here is a patient."""
