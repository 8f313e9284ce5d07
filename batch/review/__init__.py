"""The review page on loopback: who may ask for it, what it may ask for, and what it decides."""
