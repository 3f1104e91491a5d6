"""The command line: options in, one function called, its result printed."""
