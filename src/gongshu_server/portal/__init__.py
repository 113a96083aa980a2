"""Pages: for now the front page, disclosure and the registration query; the portal builds on them."""
