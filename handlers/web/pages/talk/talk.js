// The page behind the link in a mail: takes the conversation's token from behind the #, and opens the widget on it.

const MEMORY = `helplens:${location.origin}`; // where the widget of this origin remembers its conversation
const GONE = [401, 403, 404]; // what the server answers about a link that will never open anything again
const [id, token] = location.hash.slice(1).split("/");

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(MEMORY) ?? "{}");
  } catch {
    return {};
  }
}

/** What is to be said: the conversation `opens`, its link is `lost`, or the server is `away`. */
async function found() {
  if (!id || !token) return remembered().conversation ? "opens" : "lost"; // read again without its #
  const answer = await fetch(`/api/v1/conversations/${encodeURIComponent(id)}`, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) return GONE.includes(answer.status) ? "lost" : "away";
  localStorage.setItem(MEMORY, JSON.stringify({ ...remembered(), conversation: { id, token }, readTo: 0, open: true, user: "" }));
  return "opens";
}

const what = await found().catch(() => "away");
document.getElementById(what).hidden = false;
// a token does not belong into the address bar, but who was cut off needs it once more
if (what !== "away") history.replaceState(null, "", location.pathname + location.search);
if (what === "opens") {
  const script = document.createElement("script");
  script.src = "/widget.js";
  script.dataset.helplens = "";
  document.head.append(script);
}
