// sideways returns the elements that reach beyond the sides of the page, or
// whose own content is wider than they are and can be scrolled.
() => {
  const width = document.documentElement.clientWidth;
  const describe = (e) => e.cloneNode(false).outerHTML.slice(0, 160);
  const beyond = [...document.querySelectorAll("body *")].filter((e) => {
    if (!e.checkVisibility({ visibilityProperty: true }) || e.closest(".spoken")) {
      return false;
    }
    const box = e.getBoundingClientRect();
    const scrolls = e.scrollWidth > e.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
    return box.right > width + 1 || box.left < -1 || scrolls;
  });
  const lines = beyond.map(describe);
  if (document.documentElement.scrollWidth > width) {
    lines.push(`the page is ${document.documentElement.scrollWidth} pixels wide in a window of ${width}`);
  }
  return lines;
}
