"""Monitoring: new data against a signed release, day by day, with limits for alerts and for taking the model back."""
