"""Motion of the wall over a beat: segments, their scores, longitudinal shortening."""
