"""The videos of a part of a dataset, and the annotate stage: from their annotation to tracks."""
