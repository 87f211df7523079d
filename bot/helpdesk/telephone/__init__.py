"""Calls: what was asked and read out, who is to be called back, who asks again."""
