"""The rules over files: listed, read and searched one by one, on every core; what is known or silenced left out."""
