"""Slack, where agents work: `app` hears them, `mirror` shows them the log, `blocks` draws it, `asking` answers them."""
