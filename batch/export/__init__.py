"""Finished clips to what a channel takes: which are handed over, under which names, and the feed that tells of them.

Nothing here opens a file or a bucket but the texts that lie beside this one; `batch.running.exporting` does.
"""
