"""The quality report: what boxes and crops are like, what was left out, and what looks wrong.

`measures` turns annotations into numbers, `extremes` finds the tracks to look at, `sheets` and `histograms`
draw, `quality_report` is the stage.
"""
