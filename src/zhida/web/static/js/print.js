// Without scripts the browser's own print command does the same; this only puts a button where people look for one.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
