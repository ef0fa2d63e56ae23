// Keeps pages fresh, shows times in the viewer's zone, copies, asks in a dialog. Every page works without it.
"use strict";

/* Times */

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const CLOCK_S = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const AGES_EVERY_MS = 30_000;

function local(at, exact) {
  const day = at.getFullYear() === new Date().getFullYear() ? DAY : DAY_OF_YEAR;
  return `${day.format(at)}, ${(exact ? CLOCK_S : CLOCK).format(at)}`;
}

// As words.py has it.
function age(seconds) {
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  if (seconds < 730 * 86_400) return `${Math.floor(seconds / 86_400)} days`;
  return `${Math.floor(seconds / (365 * 86_400))} years`;
}

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    const told = "age" in time.dataset ? age((Date.now() - at) / 1000) : local(at, "exact" in time.dataset);
    if (time.textContent !== told) time.textContent = told;
  }
}

/* What only works with a script is shown by it. */

function prepare(root) {
  tellTimes(root);
  for (const one of root.querySelectorAll("[data-needs-script]")) one.hidden = false;
}

/* Live: a pulse says that there is something new; the page is fetched again and its live parts follow. */

const SOON_MS = 120; // what comes together is fetched together
const APART_MS = 1_500; // and however much comes, no more often than this,
const SHARE = 20; // nor for more than a twentieth of the time
const RETRY_MS = [1_000, 2_000, 5_000, 15_000];
const SAID_AT_MOST = 3;
const MOVED_AT_MOST = 300;

const live = { source: null, pulse: "", retries: 0, timer: 0, next: 0, pressed: false };

function follow() {
  if (live.source !== null || document.hidden || !document.querySelector("[data-live]")) return;
  live.source = new EventSource("/live");
  live.source.onopen = () => {
    live.retries = 0;
    tellState("on", "Live");
  };
  live.source.onmessage = (message) => {
    // The last number: whoever fetches a page for this does so within so many seconds, and not all at once.
    const end = message.data.lastIndexOf(" ");
    const pulse = message.data.slice(0, end);
    // The first one, too: something may have come since the page was made.
    if (pulse !== live.pulse) refreshSoon(Math.random() * Number(message.data.slice(end)) * 1_000);
    live.pulse = pulse;
  };
  live.source.onerror = () => {
    tellState("lost", "Not live: the connection is lost, trying again");
    if (live.source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    leave();
    setTimeout(follow, RETRY_MS[Math.min(live.retries++, RETRY_MS.length - 1)]);
  };
}

// A browser has few connections to one host: a page that nobody sees gives its own back.
function leave() {
  live.source?.close();
  live.source = null;
  live.pulse = "";
}

function refreshSoon(spreadMs = 0) {
  if (live.timer) return;
  live.timer = setTimeout(refresh, Math.max(SOON_MS + spreadMs, live.next - performance.now()));
}

async function refresh() {
  live.timer = 0;
  if (document.hidden) return;
  if (live.pressed) return refreshSoon(); // nothing moves away from under a finger
  const began = performance.now();
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname.startsWith("/sign-in")) return signedOut();
    if (!answer.ok && answer.status !== 404) throw new Error(answer.statusText);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    tellState("lost", "Not live: no answer, trying again");
    setTimeout(refreshSoon, RETRY_MS[1]);
  }
  const took = performance.now() - began;
  live.next = performance.now() + Math.max(APART_MS, took * SHARE);
}

function signedOut() {
  leave();
  tellState("lost", "You are signed out. Reload the page to sign in.");
}

function tellState(name, text) {
  const state = document.getElementById("live-state");
  if (state === null) return;
  state.hidden = false;
  state.className = `live-state ${name}`;
  if (state.textContent !== text) state.textContent = text;
}

function show(page) {
  prepare(page);
  const focused = document.activeElement;
  const before = positions();
  const said = sayings();
  for (const fresh of page.querySelectorAll("[data-live][id]")) {
    const part = document.getElementById(fresh.id);
    if (part !== null && !fresh.parentElement.closest("[data-live]")) morph(part, fresh);
  }
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  move(before);
  announce(said);
}

/* What has moved is seen moving, and heard of. */

function positions() {
  const movable = [...document.querySelectorAll("[data-moves][id]")];
  if (movable.length > MOVED_AT_MOST || matchMedia("(prefers-reduced-motion: reduce)").matches) return null;
  return new Map(movable.map((one) => [one.id, one.getBoundingClientRect()]));
}

function move(before) {
  if (before === null) return;
  for (const one of document.querySelectorAll("[data-moves][id]")) {
    const was = before.get(one.id);
    const is = one.getBoundingClientRect();
    if (was === undefined) {
      one.animate([{ opacity: 0, transform: "scale(0.96)" }, { opacity: 1, transform: "none" }], { duration: 350, easing: "ease-out" });
    } else if (was.x !== is.x || was.y !== is.y) {
      const from = `translate(${was.x - is.x}px, ${was.y - is.y}px)`;
      one.animate([{ transform: from, zIndex: 1, position: "relative" }, { transform: "none", zIndex: 1, position: "relative" }], { duration: 450, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" });
    }
  }
}

function sayings() {
  return new Map([...document.querySelectorAll("[data-say][id]")].map((one) => [one.id, one.dataset.say]));
}

function announce(before) {
  const news = [...sayings()].filter(([id, text]) => before.get(id) !== text).map(([, text]) => text);
  if (news.length === 0) return;
  const more = news.length - SAID_AT_MOST;
  const place = document.getElementById("announcements");
  place.textContent = news.slice(0, SAID_AT_MOST).join(". ") + (more > 0 ? `. And ${more} more.` : ".");
}

/* Copying, menus, dialogs */

async function copy(button) {
  const from = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(from.textContent.trim());
    say(button, "Copied");
  } catch {
    getSelection().selectAllChildren(from); // no permission, or no https: it is ready for Ctrl-C
    say(button, "Selected: press Ctrl-C");
  }
}

function say(button, text) {
  button.dataset.label ??= button.textContent;
  button.textContent = text;
  document.getElementById("announcements").textContent = text;
  setTimeout(() => (button.textContent = button.dataset.label), 2_500);
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

// A link to a page that asks for a confirmation: it asks right here instead.
async function ask(link) {
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const question = page.querySelector("[data-confirm]");
    if (!answer.ok || question === null) throw new Error("no question");
    prepare(question);
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", question.querySelector("h1, h2").id);
    dialog.append(document.importNode(question, true));
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  } catch {
    location.assign(link.href);
  }
}

function onClick(event) {
  closeMenus(event.target);
  const copied = event.target.closest("[data-copy]");
  if (copied !== null) return void copy(copied);
  const cancelled = event.target.closest("dialog [data-cancel]");
  if (cancelled !== null) {
    event.preventDefault();
    return cancelled.closest("dialog").close();
  }
  const link = event.target.closest("a[data-ask]");
  if (link === null || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  ask(link);
}

// A choice in a filter is a wish: nobody need press a button for it.
function onChange(event) {
  const form = event.target.closest("form[data-at-once]");
  if (form !== null && event.target.matches("select, input[type=checkbox]")) form.requestSubmit();
}

function onKey(event) {
  if (event.key !== "Escape") return;
  const menu = document.activeElement.closest?.("details.menu[open]");
  closeMenus(null);
  menu?.querySelector("summary").focus();
}

// A picture that is wider than the screen begins where the solution is now.
function showCurrent() {
  for (const current of document.querySelectorAll(".scrolls .current")) {
    const frame = current.closest(".scrolls");
    const [here, there] = [current.getBoundingClientRect(), frame.getBoundingClientRect()];
    frame.scrollLeft += here.x + here.width / 2 - there.x - there.width / 2;
  }
}

function begin() {
  prepare(document);
  showCurrent();
  setInterval(() => tellTimes(document), AGES_EVERY_MS);
  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("keydown", onKey);
  for (const [name, pressed] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
    document.addEventListener(name, () => (live.pressed = pressed), { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && follow());
  // What a form led to is said once: a reload, or a bookmark, is another visit.
  const here = new URL(location.href);
  if (here.searchParams.has("note")) {
    here.searchParams.delete("note");
    history.replaceState(history.state, "", here);
  }
  follow();
}

begin();
