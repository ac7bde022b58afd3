"""The parts of report.html that need more than a template: standing, sentences with their basis, charts, counts.

Belongs here: choosing and arranging for the page. Not here: markup that a template can hold
(templates/), the joining (html_report.py), or what other formats need as well (summary.py, wording.py).
"""
