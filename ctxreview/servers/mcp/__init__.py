"""A server for agents, by the Model Context Protocol: what the library does, as tools that read and never write.

The process that talks to the client (:mod:`serving`) reads no file of a checkout: each call is done in a process of its own
(:mod:`work`), which is ended where it takes too long or the client cancels it. What a call may look at is decided in :mod:`roots`, what it
returns is cut in :mod:`bounded`.
"""
