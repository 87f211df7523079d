"""`make bench`: this bot, stock Rasa and a bare server side by side in one run."""
