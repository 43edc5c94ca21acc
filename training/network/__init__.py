"""The Siamese network: its layers, its weights as files, and its form for inference."""
