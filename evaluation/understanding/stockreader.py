"""Runs inside the stock environment, where nothing of ours is: ``python stockreader.py MODEL SENTENCES.json READINGS.json``."""

import asyncio
import json
import sys
from pathlib import Path

RANKED = 5


async def read(model: str, sentences: list[str]) -> list[list[tuple[str, float]]]:
    """Each sentence's intent ranking as (name, confidence), best first; a fallback stands first where the recipe falls back."""
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    found = []
    for sentence in sentences:
        parsed = await agent.parse_message(sentence)
        ranking = [(guess["name"], guess["confidence"]) for guess in parsed["intent_ranking"][:RANKED]]
        first = (parsed["intent"]["name"], parsed["intent"]["confidence"])
        found.append([first, *(guess for guess in ranking if guess[0] != first[0])])
    return found


if __name__ == "__main__":
    model_file, asked, told = sys.argv[1:]
    readings = asyncio.run(read(model_file, json.loads(Path(asked).read_text("utf-8"))))
    Path(told).write_text(json.dumps(readings, ensure_ascii=False), "utf-8")
