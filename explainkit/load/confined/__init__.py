"""Model files in a process of their own, which is shut off from everything but its question and its answer."""
