"""ctxreview: never a fragment. Completes the context of AI code-review prompts."""

__version__ = "0.1.0"
