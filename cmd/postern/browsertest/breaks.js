// breaks returns the words that stand on more than one line, and the controls
// whose text is cut off. Values that no line could hold, such as a web address
// or a key, may break anywhere.
() => {
  const mayBreak = "code, .facts.long dd, .spoken, script, style, textarea, option";
  const words = new Intl.Segmenter(document.documentElement.lang || undefined, { granularity: "word" });
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  const describe = (e) => e.cloneNode(false).outerHTML.slice(0, 120);
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    if (element.closest(mayBreak) || !shown(element)) {
      continue;
    }
    for (const { segment, index, isWordLike } of words.segment(text.data)) {
      if (!isWordLike) {
        continue;
      }
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + segment.length);
      const lines = [...range.getClientRects()].filter((r) => r.width > 0).map((r) => Math.round(r.bottom));
      if (lines.length && Math.max(...lines) - Math.min(...lines) > 4) {
        found.push(`${segment} breaks in ${describe(element)}`);
      }
    }
  }
  const larger = (line, box) =>
    line.width > 1 && (line.left < box.left - 1 || line.right > box.right + 1 || line.top < box.top - 6 || line.bottom > box.bottom + 6);
  for (const control of document.querySelectorAll("button, .button, .small, summary, label, a")) {
    if (!shown(control) || getComputedStyle(control).display === "inline") {
      continue;
    }
    const box = control.getBoundingClientRect();
    const inside = document.createTreeWalker(control, NodeFilter.SHOW_TEXT);
    for (let text = inside.nextNode(); text; text = inside.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(text);
      if (!text.parentElement.closest(".spoken") && [...range.getClientRects()].some((line) => larger(line, box))) {
        found.push(`"${text.data.trim()}" is larger than ${describe(control)}`);
      }
    }
  }
  return found;
}
