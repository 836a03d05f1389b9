// One box that ticks every row of the list; without scripts each row is ticked by itself.
const rows = [...document.querySelectorAll('input[type="checkbox"][form="many"]')];
for (const all of document.querySelectorAll("[data-pick-all]")) {
  const box = all.querySelector("input");
  all.hidden = false;
  box.addEventListener("change", () => rows.forEach((row) => { row.checked = box.checked; }));
  rows.forEach((row) => row.addEventListener("change", () => { box.checked = rows.every((each) => each.checked); }));
}
