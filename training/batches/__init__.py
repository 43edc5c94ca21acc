"""From the imdb to what the network is fed: pairs, augmentation, batches, inputs and labels."""
