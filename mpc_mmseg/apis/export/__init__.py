"""ONNX files of trained models."""
