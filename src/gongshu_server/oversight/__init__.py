"""Objections and what is made public by duty."""
