"""Conversations in staff's hands: taken, followed live, answered, given back."""
