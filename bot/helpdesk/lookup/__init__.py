"""Looking things up for somebody: what the bot would say, a person's whole standing, and the trail that each look leaves."""
