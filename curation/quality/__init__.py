"""The quality report: what boxes and crops are like, what was left out, and what looks wrong.

`measures` turns annotations into numbers, `strange` finds the tracks to look at, `sheets` and `histograms`
draw, `report` is the stage.
"""

from curation.quality.report import QualityConfig, report_quality

__all__ = ["QualityConfig", "report_quality"]
