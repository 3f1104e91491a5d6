"""Values to text, one file per format; nothing here reads or writes anything, but for ``page``'s own template."""
