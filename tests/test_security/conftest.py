from model_files import checkpoint, config  # noqa: F401
