"""What the bot did not answer well: grouped, decided on, taught, trained with and written into the files."""
