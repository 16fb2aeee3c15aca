"""From a turn's brief to an answer, by one of several rungs."""
