"""Values and decisions. Nothing in here opens a file, a socket or a database, or looks at the clock."""
