"""Commands beside the stages: inspect the pipeline, set it up, or move its results."""
