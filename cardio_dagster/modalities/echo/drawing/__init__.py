"""Pictures of an echo clip: frames with contours, curves, a short loop."""
