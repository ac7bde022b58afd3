"""The surface of a study: report.json, report.html and the terminal's table. Not here: measuring or deciding."""
