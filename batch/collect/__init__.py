"""From a finished prediction's URL to a verified clip on disk, and the note beside it that says where it is from."""
