"""Tools for formats that come as rows of text: exact, vectorised, in bounded memory."""
