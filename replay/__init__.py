"""Replay: the same core as the stream, fed from files."""
