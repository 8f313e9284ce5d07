"""Turn a catalogue of product pictures into verified videos, and never pay twice for one."""

__version__ = "0.1.0"
