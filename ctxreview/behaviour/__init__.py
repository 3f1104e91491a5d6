"""What code does: its functions as data, and what the rules ask of a member's text until they ask the data."""
