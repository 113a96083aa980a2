"""The demo: a fictional city, its files and the story that runs over them."""
