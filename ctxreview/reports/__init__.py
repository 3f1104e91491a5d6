"""Values to text, one file per format; nothing here reads or writes anything."""
