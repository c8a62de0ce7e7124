// find returns the one visible element of the kind that is called wanted, or a
// text that says what there is instead.
(kind, wanted) => {
  const fold = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const kinds = {
    field: {
      selector: "input:not([type=hidden], [type=submit], [type=button]), textarea, select",
      names: (e) => [e.name, ...[...(e.labels ?? [])].map((label) => label.innerText)],
    },
    button: {
      selector: "button, input[type=submit]",
      names: (e) => [e.innerText || e.value, e.name && `${e.name}=${e.value}`],
    },
    link: { selector: "a[href]", names: (e) => [e.innerText] },
  };
  const { selector, names } = kinds[kind];
  const called = (e) => [...names(e), e.getAttribute("aria-label")].map(fold).filter(Boolean);
  const all = [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility({ visibilityProperty: true }));
  let found = all.filter((e) => called(e).includes(wanted));
  if (found.length === 0) {
    found = all.filter((e) => called(e).some((name) => name.startsWith(wanted)));
  }
  if (found.length === 1) {
    return found[0];
  }
  return `${found.length} of ${JSON.stringify(all.map((e) => called(e).join(" / ")))}`;
}
