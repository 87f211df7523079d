"""The helpdesk console's web side: pages over the services of ``bot.helpdesk``. It imports no Rasa and runs in a process of its own."""
