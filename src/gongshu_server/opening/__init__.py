"""Opening review: machine check, human decision, the public's grant."""
