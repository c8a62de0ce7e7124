// axe runs axe-core on the page and returns its version and one line for each
// element that breaks a rule of WCAG 2.0, 2.1 or 2.2, levels A and AA, or of
// which axe-core cannot tell.
(async () => {
  const results = await axe.run(document, {
    runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
    rules: { "target-size": { enabled: true } }, // WCAG 2.2 alone asks for it; axe-core leaves it to who tests
    // Else a decoration behind the page leaves the contrast of all of it undecided.
    checks: { "color-contrast": { options: { ignorePseudo: true } } },
    resultTypes: ["violations", "incomplete"],
    preload: false,
  });
  const lines = (rules, prefix) => rules.flatMap((rule) => rule.nodes.map((node) =>
    `${prefix}${rule.id} at ${node.target.join(" ")}: ${node.html}: ${node.failureSummary.replace(/\s+/g, " ")} (${rule.help})`));
  return { version: axe.version, violations: [...lines(results.violations, ""), ...lines(results.incomplete, "undecided: ")] };
})()
