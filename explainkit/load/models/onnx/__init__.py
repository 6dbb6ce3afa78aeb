"""ONNX models: recognised by their structure, checked before anything runs, answered for by ONNX Runtime."""
