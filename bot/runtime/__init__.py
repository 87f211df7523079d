"""How we run Rasa: import hook, repairs, launcher, training."""
