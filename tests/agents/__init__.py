"""What agents use: the server for the Model Context Protocol."""
