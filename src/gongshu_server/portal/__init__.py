"""Pages: for now the front page, disclosure and the registration query."""
