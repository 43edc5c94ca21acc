"""Train a box head (`training.tracking.online.box_network`) on pairs of crops."""
