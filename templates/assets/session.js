// The frame that apps ask whether the sign-in has changed (OpenID Connect
// Session Management 1.0, section 3.2). A message is a client id, a blank and
// the session_state of an authorization response; the answer is "unchanged",
// "changed", or "error" when it was no such message.

const cookie = (location.protocol === "https:" ? "__Host-" : "") + "postern_state" +
  (document.currentScript.dataset.instance || "") + "=";

// The cookie that changes with the sign-in; empty when nobody is signed in.
function state() {
  const found = document.cookie.split("; ").find((one) => one.startsWith(cookie));
  return found === undefined ? "" : found.slice(cookie.length);
}

async function judge(message, origin) {
  const parts = /^([^ ]+) ([0-9a-f]{64})\.([0-9A-Za-z]+)$/.exec(message);
  // Browsers compute hashes on https and loopback only.
  if (typeof message !== "string" || !parts || !crypto.subtle) {
    return "error";
  }
  const [, client, hash, salt] = parts;
  const text = new TextEncoder().encode([client, origin, state(), salt].join(" "));
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const now = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return now === hash ? "unchanged" : "changed";
}

window.addEventListener("message", async (event) => {
  // Nobody can answer a page without an origin.
  if (event.source && /^https?:/.test(event.origin)) {
    event.source.postMessage(await judge(event.data, event.origin), event.origin);
  }
});
