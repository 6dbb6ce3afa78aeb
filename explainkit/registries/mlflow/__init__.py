"""MLflow: a release beside the model version, run or logged model that it is about."""
