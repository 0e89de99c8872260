"""What the readers of ISO 20022 messages share: cutting files into records, and reading the parts of a record."""
