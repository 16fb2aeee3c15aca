"""Fitting small weights to data. What is learned is arrays; what they are used for is other rooms' business."""
