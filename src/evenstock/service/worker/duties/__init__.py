"""What the worker does all the time, one duty a file: each in a thread of its own, each safe beside another worker's.

A duty says its `NAME`, how many seconds it rests where there was nothing to do (`EVERY_S`), and `do(at)`, which returns how much
it did: as long as there is more than nothing, it goes on at once.
"""
