// Shows how far long work is without losing the reader's place; a page that moved on elsewhere is followed there. Without scripts the link
// "reload" does the same.
const watched = document.querySelector("[data-refresh]");

async function look() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.redirected) return location.replace(answer.url);
  const shown = document.getElementById(watched.id);
  let waits = Number(watched.dataset.refresh);
  if (answer?.ok) {
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(watched.id);
    if (!found.dataset.refresh) return location.reload();
    // Only what shows progress is changed: a button that is about to be pressed stays where it is.
    for (const part of [".steps", ".asked__progress", ".notice", ".eyebrow"]) {
      const [old, now] = [shown.querySelector(part), found.querySelector(part)];
      if (old && now && old.outerHTML !== now.outerHTML) old.replaceWith(now);
      else if (now && !old) shown.querySelector(".actions").before(now);
    }
  } else waits *= 5;
  setTimeout(look, waits);
}

if (watched) {
  document.querySelector("[data-plain-refresh]")?.remove();
  setTimeout(look, Number(watched.dataset.refresh));
}
