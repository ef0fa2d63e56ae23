// Keeps the page fresh: every second, each part of it that nobody is busy with. Everything works without it.
"use strict";

const EVERY_MS = 1000;

function edited(input) {
  return input.type === "checkbox" ? input.checked !== input.defaultChecked : input.value !== input.defaultValue;
}

// Somebody types, reads, has opened or is copying something there: it must not change under their hands.
function busy(part) {
  const selected = document.getSelection();
  return (
    (part.contains(document.activeElement) && document.activeElement.matches("input, select, summary, button")) ||
    part.querySelector("details[open]") !== null ||
    [...part.querySelectorAll("input")].some(edited) ||
    (selected !== null && !selected.isCollapsed && selected.containsNode(part, true))
  );
}

function refreshPart(part, fresh) {
  if (part.outerHTML !== fresh.outerHTML && !busy(part)) part.replaceWith(fresh);
}

function refresh(main, fresh) {
  const parts = [...main.querySelectorAll("[data-live]")];
  const freshParts = [...fresh.querySelectorAll("[data-live]")];
  const same = parts.length === freshParts.length && parts.every((part, at) => part.id === freshParts[at].id);
  if (same) parts.forEach((part, at) => refreshPart(part, freshParts[at]));
  else if (!busy(main)) main.replaceWith(fresh);
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.body.classList.remove("alone");
    refresh(document.querySelector("main"), page.querySelector("main"));
  } catch {
    document.body.classList.add("alone"); // the emulator has ended; the page says so and goes on asking
  }
}

async function keepLooking() {
  await look();
  setTimeout(keepLooking, EVERY_MS);
}

setTimeout(keepLooking, EVERY_MS);
