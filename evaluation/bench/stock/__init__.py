"""The other side of the comparison: Rasa 3.6.21 with its default recipe, in an environment of its own."""
