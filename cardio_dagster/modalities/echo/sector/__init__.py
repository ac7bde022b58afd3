"""The ultrasound sector of a frame, found from its pixels, and what is burned into it."""
