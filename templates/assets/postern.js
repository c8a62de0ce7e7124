// Comfort for pages that are complete without it. Nothing here is needed to
// sign in.

// The words that the pages bring along, in their language.
const words = document.currentScript.dataset;

// Show and hide a password.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? words.hide : words.show;
    button.setAttribute("aria-label", shown ? words.hidePassword : words.showPassword);
  };
  show(false);
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  // Browsers remember what was typed into a field that is text when sent.
  field.form.addEventListener("submit", () => show(false));
}

// How hard a new password is to guess, as a guess: what looks like a word, a
// number or a row of keys counts little. The server has the last word.
const strengthOf = (text) => {
  const parts = text.normalize("NFKC").match(/\p{L}{3,}|\p{N}{3,}|./gsu) ?? [];
  const known = new Set();
  let bits = 0;
  for (const part of parts) {
    const word = part.length > 2 ? Math.min(12, 3 * new Set(part).size) : 5;
    bits += known.has(part.toLowerCase()) ? 1 : word;
    known.add(part.toLowerCase());
  }
  if ([...text].length < 8) {
    return 0;
  }
  return [20, 27, 34, 41].filter((least) => bits >= least).length;
};
for (const shown of document.querySelectorAll("[data-strength]")) {
  const field = document.getElementById(shown.dataset.strength);
  const [meter, name] = [shown.querySelector("meter"), shown.querySelector("strong")];
  field.addEventListener("input", () => {
    const strength = strengthOf(field.value);
    shown.hidden = field.value === "";
    meter.value = strength;
    name.textContent = shown.dataset.words.split("|")[strength];
  });
}

// Copy a key or the recovery codes. The clipboard exists only on https and
// loopback.
if (navigator.clipboard) {
  const status = document.createElement("p");
  status.className = "spoken";
  status.setAttribute("role", "status");
  document.querySelector("main").append(status);
  for (const button of document.querySelectorAll("[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = status.textContent = words.copied;
      } catch {
        button.textContent = status.textContent = words.notCopied;
      }
      setTimeout(() => {
        button.textContent = label;
        status.textContent = "";
      }, 2500);
    });
  }
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// The server's clock in the zone of this device, to compare with the phone.
for (const time of document.querySelectorAll("time[data-clock]")) {
  time.textContent = new Date(time.dateTime).toLocaleTimeString(document.documentElement.lang, {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
}

// Everything else that happened, too.
for (const time of document.querySelectorAll("time[data-moment]")) {
  time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, {
    dateStyle: "medium", timeStyle: "short",
  });
  time.dir = "auto";
}

// A second click on a form that is on its way is ignored. No button is
// disabled, since a disabled one would not send its value.
for (const form of document.querySelectorAll('form[method="post"]:not(:has([data-download]))')) {
  form.addEventListener("submit", (event) => {
    if (form.ariaBusy === "true") {
      event.preventDefault();
      return;
    }
    form.ariaBusy = "true";
    setTimeout(() => { form.ariaBusy = null; }, 8000);
  });
  // Back from the next page: the form is usable again.
  window.addEventListener("pageshow", () => { form.ariaBusy = null; });
}

// An answer on its way to an app goes on by itself.
document.querySelector("form[data-submit]")?.submit();

// The page that signs people out of apps goes on when all its frames are there,
// and does not wait for one that never comes.
const onward = document.querySelector("a[data-proceed]");
if (onward) {
  const go = () => {
    clearTimeout(late);
    location.replace(onward.href);
  };
  const late = setTimeout(go, 5000);
  window.addEventListener("load", go, { once: true });
}

// Send a code once, at its last digit. Blanks and hyphens do not count.
for (const field of document.querySelectorAll("input[data-digits]")) {
  const wanted = Number(field.dataset.digits);
  const complete = () => {
    const typed = field.value.replace(/[\s-]/g, "");
    if (/^\p{Nd}+$/u.test(typed) && [...typed].length === wanted) {
      field.removeEventListener("input", complete);
      field.form.requestSubmit();
    }
  };
  field.addEventListener("input", complete);
}
