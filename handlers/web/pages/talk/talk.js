// The page behind the link in a mail: takes the conversation's token from behind the #, and opens the widget on it.

const MEMORY = `helplens:${location.origin}`; // where the widget of this origin remembers its conversation
const [id, token] = location.hash.slice(1).split("/");
history.replaceState(null, "", location.pathname); // a token does not belong into the address bar

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(MEMORY) ?? "{}");
  } catch {
    return {};
  }
}

async function opens() {
  if (!id || !token) return remembered().conversation !== undefined; // read again without its #
  const answer = await fetch(`/api/v1/conversations/${encodeURIComponent(id)}`, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) return false;
  localStorage.setItem(MEMORY, JSON.stringify({ ...remembered(), conversation: { id, token }, readTo: 0, open: true, user: "" }));
  return true;
}

if (await opens().catch(() => false)) {
  const script = document.createElement("script");
  script.src = "/widget.js";
  script.dataset.helplens = "";
  document.head.append(script);
} else {
  document.querySelector("#state").textContent =
    "This link has expired, or the conversation was erased. Please go back to the page where you asked.";
}
