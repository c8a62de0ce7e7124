// point scrolls the element it is called on to the middle of the window and
// returns where to click it, or what covers it there.
function () {
  this.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const box = this.getClientRects()[0];
  const x = box.left + box.width / 2;
  const y = box.top + box.height / 2;
  const top = document.elementFromPoint(x, y);
  return { x, y, cover: this.contains(top) ? "" : (top?.outerHTML ?? "the edge of the window").slice(0, 200) };
}
