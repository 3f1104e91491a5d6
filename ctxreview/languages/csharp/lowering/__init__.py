"""C# syntax to the intermediate language of :mod:`ctxreview.model.il`."""
