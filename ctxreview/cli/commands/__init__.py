"""The commands, a module for each family: it is read when one of them is asked for."""
