// stops knows what the tab key should stop at. It returns, for the element that
// has the focus, its place in that order (-1: none of them, -2: nothing has the
// focus) and what is wrong with how it is shown.
() => {
  const describe = (e) => (e.innerText || e.getAttribute("aria-label") || e.name || e.id || e.tagName).replace(/\s+/g, " ").trim();
  const selector = "a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [contenteditable], [tabindex]";
  const groups = new Set();
  const wanted = [...document.querySelectorAll(selector)].filter((e) => {
    if (e.disabled || e.tabIndex < 0 || e.closest("[inert]") || !e.checkVisibility({ visibilityProperty: true })) {
      return false;
    }
    if (e.type !== "radio" || !e.name) {
      return true;
    }
    // One button of a group takes the focus: the one that is set, else the first.
    const group = [...document.querySelectorAll(`input[type=radio][name="${CSS.escape(e.name)}"]`)].filter((o) => o.form === e.form);
    return e === (group.find((o) => o.checked) ?? group[0]);
  });
  const names = wanted.map(describe);
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) {
    return { at: -2, names, faults: [] };
  }
  const faults = [];
  const style = getComputedStyle(at);
  const outlined = style.outlineStyle === "auto" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  if (!at.matches(":focus-visible") || !outlined) {
    faults.push(`the focus cannot be seen (outline: ${style.outline}; the element has it: ${at.matches(":focus")})`);
  }
  // A part of it in the window is enough (WCAG 2.2, 2.4.11): a large field shows the line that is typed into.
  const box = at.getClientRects()[0] ?? { left: -1, top: -1, right: -1, bottom: -1 };
  const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2;
  const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
  const top = document.elementFromPoint(x, y);
  if (!top || !(at.contains(top) || [...(at.labels ?? [])].some((label) => label.contains(top)))) {
    faults.push(`it is outside the window or covered by ${(top?.outerHTML ?? "nothing").slice(0, 160)}`);
  }
  return { at: wanted.indexOf(at), names, faults: faults.map((fault) => `${describe(at)}: ${fault}`) };
}
