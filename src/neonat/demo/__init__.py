"""What `neonat demo` shows: a small ward, and the weeks before it was started."""
