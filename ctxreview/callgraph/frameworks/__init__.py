"""What frameworks do around code that no call shows."""
