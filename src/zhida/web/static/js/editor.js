// Line numbers that follow the text, Enter that keeps the indent, and mistakes that lead to their line. Without scripts the numbers of the
// text as it was sent stand beside it, and each mistake shows its lines.
for (const editor of document.querySelectorAll("[data-editor]")) {
  const text = editor.querySelector("textarea");
  const numbers = editor.querySelector(".editor__numbers");

  const lineStart = (line) => text.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);

  function follow() {
    const lines = text.value.split("\n").length;
    while (numbers.childElementCount < lines) {
      numbers.append(Object.assign(document.createElement("span"), { textContent: numbers.childElementCount + 1 }));
    }
    while (numbers.childElementCount > lines) numbers.lastElementChild.remove();
    for (const number of numbers.children) number.style.transform = `translateY(${-text.scrollTop}px)`;
  }

  function keepIndent(event) {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    const line = text.value.slice(0, text.selectionStart).split("\n").at(-1);
    const indent = line.match(/^ */)[0] + (line.trimEnd().endsWith(":") ? "  " : "");
    if (!indent) return;
    event.preventDefault();
    text.setRangeText(`\n${indent}`, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input"));
  }

  text.addEventListener("input", follow);
  text.addEventListener("scroll", follow);
  text.addEventListener("keydown", keepIndent);
  for (const link of document.querySelectorAll("a[data-line]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const start = lineStart(Number(link.dataset.line));
      const end = text.value.indexOf("\n", start);
      text.focus();
      text.setSelectionRange(start, end < 0 ? text.value.length : end);
      editor.scrollIntoView({ block: "center" });
    });
  }
  follow();
}
document.querySelector("#problems")?.focus();
