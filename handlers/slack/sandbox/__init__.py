"""A local Slack: enough of its Web API, events and page for the real SDK, so that anyone can play an agent on a laptop.

`server.Sandbox` starts it. It plays Slack's part only and imports nothing of the bot; the tests drive it through
`people.Person`, a browser through the page. What it leaves out: search, workflows, canvases, calls, several workspaces.
"""
