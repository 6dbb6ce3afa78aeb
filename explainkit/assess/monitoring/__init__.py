"""Monitoring: new data against the signed card, by counts alone."""
