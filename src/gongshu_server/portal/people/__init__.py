"""One's own settings and safety, the people and posts of an organisation, and organisations."""
