"""Commands beside the stages: they look at the pipeline, set it up, or carry its results elsewhere."""
