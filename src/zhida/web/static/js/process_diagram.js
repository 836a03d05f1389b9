// Draws the course of a life event with where a case stands on it. The page's own list says the same in words; without scripts only the
// list is there. Data: <script type="application/json"> inside the figure, {xml or url, states: {element: state}, notes: {element: text}}.
const MARKS = new Set(["done", "waiting", "late", "refused", "undone"]);
// Below this scale a step's name cannot be read; a wider diagram is moved instead of shrunk further.
const SMALLEST = 0.85;
const LARGEST = 1.25;
const MARGIN = 24;

async function draw(figure) {
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const canvasPlace = figure.querySelector("[data-canvas]");
  const xml = data.xml ?? (await (await fetch(data.url)).text());
  figure.hidden = false;
  const viewer = new BpmnJS({
    container: canvasPlace,
    bpmnRenderer: { defaultFillColor: "var(--paper)", defaultStrokeColor: "var(--edge-strong)", defaultLabelColor: "var(--ink)" },
    textRenderer: { defaultStyle: { fontFamily: getComputedStyle(figure).fontFamily, fontSize: 14 }, externalStyle: { fontSize: 14 } },
    zoomScroll: { enabled: false },
  });
  await viewer.importXML(xml);
  const [canvas, elements, overlays] = ["canvas", "elementRegistry", "overlays"].map((name) => viewer.get(name));

  for (const task of elements.filter((element) => /Task$/.test(element.type))) canvas.addMarker(task.id, "is-task");
  for (const [id, state] of Object.entries(data.states ?? {})) {
    if (elements.get(id) && MARKS.has(state)) canvas.addMarker(id, `is-${state}`);
  }
  for (const [id, text] of Object.entries(data.notes ?? {})) {
    if (!elements.get(id)) continue;
    const note = document.createElement("span");
    note.className = `process-diagram__note is-${data.states?.[id] ?? "plain"}`;
    note.textContent = text;
    overlays.add(id, { position: { bottom: 10, left: 6 }, scale: { min: 0.8, max: 1 }, html: note });
  }

  const box = canvas.viewbox().inner;
  const middle = (element) => ({ x: element.x + element.width / 2, y: element.y + element.height / 2 });
  const current = ["late", "waiting"].flatMap((wanted) => Object.keys(data.states ?? {}).filter((id) => data.states[id] === wanted));
  const spot = current.map((id) => elements.get(id)).find(Boolean);

  // Shows the diagram as wide as the page, or readable with what waits now in sight.
  function fit(smallest) {
    const width = canvasPlace.clientWidth - 2 * MARGIN;
    const scale = Math.min(LARGEST, Math.max(smallest, width / box.width));
    canvasPlace.style.height = `${Math.ceil(Math.min(box.height * scale, innerHeight * 0.62)) + 2 * MARGIN + 24}px`;
    canvas.resized();
    const [w, h] = [canvasPlace.clientWidth / scale, canvasPlace.clientHeight / scale];
    const margin = MARGIN / scale;
    const place = (start, size, room, wanted) =>
      size + 2 * margin <= room ? start - (room - size) / 2 : Math.min(Math.max(wanted - room / 2, start - margin), start + size + margin - room);
    const wanted = spot ? middle(spot) : { x: box.x, y: box.y };
    canvas.viewbox({ x: place(box.x, box.width, w, wanted.x), y: place(box.y, box.height, h, wanted.y), width: w, height: h });
  }

  const zoom = (factor) => canvas.zoom(Math.min(3, Math.max(0.15, canvas.zoom() * factor)), "auto");
  const scroll = (dx, dy) => canvas.scroll({ dx, dy });
  const actions = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit(0.1),
    ArrowLeft: () => scroll(60, 0), ArrowRight: () => scroll(-60, 0), ArrowUp: () => scroll(0, 60), ArrowDown: () => scroll(0, -60),
  };
  canvasPlace.addEventListener("keydown", (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? null : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  // A finger moves the diagram sideways and the page up and down (touch-action in process.css).
  canvasPlace.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") scroll(event.movementX, 0);
  });
  for (const button of figure.querySelectorAll("[data-do]")) button.addEventListener("click", actions[button.dataset.do]);

  // The drawing inside takes no place of its own in the tab order; the canvas around it does.
  for (const inner of canvasPlace.querySelectorAll("svg[tabindex]")) inner.setAttribute("tabindex", "-1");
  fit(SMALLEST);
  let seen = canvasPlace.clientWidth;
  new ResizeObserver(() => {
    if (canvasPlace.clientWidth !== seen) {
      seen = canvasPlace.clientWidth;
      fit(SMALLEST);
    }
  }).observe(canvasPlace);
  figure.dataset.drawn = "yes";
}

for (const figure of document.querySelectorAll("[data-process-diagram]")) {
  draw(figure).catch(() => {
    // The list on the page says all of it; a drawing that fails is left out.
    figure.hidden = true;
  });
}
