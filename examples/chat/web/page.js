// The page: what the client module reports, and what the user does.

import { Rooms } from "./rooms.js";
import { element, View } from "./view.js";

const $ = (id) => document.getElementById(id);
const TYPING_ENDS = 6000;
const STATES = {
  connecting: "connecting",
  open: "connected",
  recovering: "recovering",
  degraded: "connected, but nothing can be stored now",
  closed: "not connected",
};

let rooms = null;
let me = "";
let shown = null;
const views = new Map();

// Signing in.

/** Asks for the name, and for a token if the server does not give any. */
function signIn(why = "") {
  $("sign-in-why").textContent = why;
  $("sign-in-why").hidden = !why;
  $("name").value = sessionStorage.getItem("name") ?? "";
  $("sign-in").showModal();
}

$("sign-in").onclose = () => {
  const name = $("name").value.trim();
  if (!name) return signIn();
  sessionStorage.setItem("name", name);
  enter(name);
};

async function token() {
  if ($("token").value) return $("token").value;
  const response = await fetch(`token?user=${encodeURIComponent(me)}`);
  if (response.ok) return (await response.json()).token;
  if (response.status !== 404) throw new Error(`status ${response.status}`);
  $("token-field").hidden = false;
  throw Object.assign(new Error("another service gives the tokens"), { code: "unauthorized" });
}

function enter(name) {
  if (rooms && me === name) return rooms.connect();
  rooms?.dispose();
  me = name;
  $("me").textContent = name;
  for (const view of views.values()) view.element.remove();
  views.clear();
  shown = null;
  rooms = new Rooms({
    url: new URL("ws", location.href.replace(/^http/, "ws")).href,
    token,
    storageName: `rooms.queue.${name}`,
    env: { storage: sessionStorage },
  });
  listen();
  const names = JSON.parse(sessionStorage.getItem("rooms")) ?? ["lobby"];
  for (const room of names) join(room);
  show(views.get(names[0]));
  for (const { to, roomId, ...entry } of rooms.pending) (to ? conversation(to) : views.get(roomId))?.pend(entry);
  rooms.connect();
  $("text").focus();
}

function listen() {
  rooms.on("state", connection);
  rooms.on("joined", ({ roomId, members }) => present(views.get(roomId), members));
  rooms.on("presence", ({ roomId, members }) => present(views.get(roomId), members));
  rooms.on("reset", ({ roomId, messages, more }) => views.get(roomId).reset(messages, more));
  rooms.on("message", received);
  rooms.on("file", received);
  rooms.on("private", ({ from, ...message }) => {
    const view = conversation(from);
    view.add({ ...message, userId: from });
    notify(view);
  });
  rooms.on("typing", ({ roomId, userId, on }) => typing(views.get(roomId), userId, on));
  rooms.on("delivery", (delivery) => {
    const view = delivery.to ? conversation(delivery.to) : views.get(delivery.roomId);
    if (delivery.status === "pending") view?.pend(delivery);
    else view?.deliver(delivery);
  });
  rooms.on("progress", (progress) => views.forEach((view) => view.progress(progress)));
  rooms.on("refused", ({ roomId, code, message }) => {
    notice(`${roomId}: ${message || code}`);
    remove(views.get(roomId));
  });
  rooms.on("error", ({ code, message }) => {
    // Chunks that were under way when the server refused their file are found by no one.
    if (code !== "not_found") notice(message || code);
  });
}

// The connection.

let countdown;

function connection({ state, retryAt, reason }) {
  $("state").dataset.state = state;
  $("state").textContent = STATES[state] + (reason && state !== "open" ? `: ${reason}` : "");
  $("retry").hidden = retryAt === null;
  clearInterval(countdown);
  $("countdown").textContent = "";
  if (retryAt !== null) {
    const tick = () => {
      $("countdown").textContent = `next attempt in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`;
    };
    tick();
    countdown = setInterval(tick, 500);
  }
  if (state === "closed") signIn(reason);
}

$("retry").onclick = () => rooms.retryNow();

let noticeEnds;

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = false;
  clearTimeout(noticeEnds);
  noticeEnds = setTimeout(() => ($("notice").hidden = true), 8000);
}

// Rooms and conversations.

function addView(id, title) {
  const view = new View(id, title, me, {
    older: (offset) => older(view, offset),
    again: ({ content }) => send(view, content),
    followed: () => latest(),
  });
  views.set(id, view);
  $("views").append(view.element);
  return view;
}

function join(name) {
  if (views.has(name)) return views.get(name);
  const view = addView(name, name);
  rooms.join(name);
  remember();
  listRooms();
  return view;
}

/** The view of the private messages with a user, whose name could be that of a room. */
function conversation(user) {
  const id = `\0${user}`;
  if (views.has(id)) return views.get(id);
  const view = addView(id, `@${user}`);
  view.user = user;
  view.members = [user];
  listRooms();
  return view;
}

function remove(view) {
  if (!view) return;
  if (!view.user) rooms.leave(view.id);
  views.delete(view.id);
  view.element.remove();
  remember();
  if (shown === view) show(views.values().next().value ?? join("lobby"));
  listRooms();
}

function remember() {
  const names = [...views.values()].filter(({ user }) => !user).map(({ id }) => id);
  sessionStorage.setItem("rooms", JSON.stringify(names));
}

function show(view) {
  if (shown) {
    shown.draft = $("text").value;
    shown.element.hidden = true;
  }
  shown = view;
  view.element.hidden = false;
  view.unread = 0;
  $("text").value = view.draft;
  $("room-name").textContent = view.title;
  $("attach").disabled = Boolean(view.user);
  if (view.followed) view.follow();
  latest();
  listRooms();
  listMembers();
  listTyping();
}

function listRooms() {
  const items = [...views.values()].map((view) => {
    const button = element("button");
    button.type = "button";
    button.append(element("span", "", view.title));
    if (view.unread) {
      const count = element("span", "unread", String(view.unread));
      count.append(element("span", "hidden", " unread"));
      button.append(count);
    }
    if (view === shown) button.setAttribute("aria-current", "true");
    button.onclick = () => {
      show(view);
      $("text").focus();
    };
    const item = element("li");
    item.append(button);
    return item;
  });
  $("rooms").replaceChildren(...items);
  const unread = [...views.values()].reduce((sum, view) => sum + view.unread, 0);
  document.title = unread ? `(${unread}) Rooms` : "Rooms";
}

function present(view, members) {
  view.members = [...members].sort((a, b) => a.localeCompare(b));
  if (view === shown) listMembers();
}

function listMembers() {
  const items = shown.members.map((user) => {
    const button = element("button", "", user === me ? `${user} (you)` : user);
    button.type = "button";
    button.disabled = user === me;
    button.title = user === me ? "" : `Write to ${user}`;
    button.onclick = () => {
      show(conversation(user));
      $("text").focus();
    };
    const item = element("li");
    item.append(button);
    return item;
  });
  $("members").replaceChildren(...items);
  $("members-count").textContent = `(${items.length})`;
}

function typing(view, user, on) {
  if (!view) return;
  clearTimeout(view.typing.get(user));
  view.typing.delete(user);
  if (on) view.typing.set(user, setTimeout(() => typing(view, user, false), TYPING_ENDS));
  if (view === shown) listTyping();
}

function listTyping() {
  const users = [...shown.typing.keys()];
  const who = users.length > 2 ? `${users.length} people are` : `${users.join(" and ")} ${users[1] ? "are" : "is"}`;
  $("typing").textContent = users.length > 0 ? `${who} typing…` : "";
}

// Messages.

function received(message) {
  const view = views.get(message.roomId);
  if (!view) return;
  typing(view, message.userId, false);
  view.add(message);
  if (message.userId !== me) notify(view);
}

function notify(view) {
  if (view !== shown || document.hidden) {
    view.unread += 1;
    listRooms();
  }
  latest();
}

function latest() {
  $("latest").hidden = shown.followed;
}

async function older(view, before) {
  try {
    const { messages, more } = await rooms.history(view.id, before);
    view.prepend(messages, more);
  } catch (error) {
    notice(error.message);
  }
}

function send(view, content) {
  try {
    if (view.user) rooms.sendPrivate(view.user, content);
    else rooms.send(view.id, content);
    return true;
  } catch (error) {
    notice(error.message);
    return false;
  }
}

$("latest").onclick = () => shown.follow();
$("leave").onclick = () => remove(shown);
$("attach").onclick = () => $("file").click();
$("file").onchange = () => {
  for (const file of $("file").files) rooms.upload(shown.id, file);
  $("file").value = "";
};

let typingEnds;

$("text").oninput = () => {
  if (shown.user) return;
  const view = shown;
  const end = () => rooms.typing(view.id, false);
  clearTimeout(typingEnds);
  if ($("text").value === "") return end();
  rooms.typing(view.id, true);
  typingEnds = setTimeout(end, TYPING_ENDS / 2);
};

$("compose").onsubmit = (event) => {
  event.preventDefault();
  const content = $("text").value;
  if (!content.trim() || !send(shown, content)) return;
  $("text").value = "";
  $("text").oninput();
};

$("text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("compose").requestSubmit();
  }
};

$("join").onsubmit = (event) => {
  event.preventDefault();
  const name = $("join-name").value.trim();
  if (!name) return;
  $("join-name").value = "";
  show(join(name));
  $("text").focus();
};

document.onkeydown = (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!event.altKey || !step || !shown) return;
  event.preventDefault();
  const all = [...views.values()];
  show(all[(all.indexOf(shown) + step + all.length) % all.length]);
};

document.onvisibilitychange = () => {
  if (document.hidden || !shown?.unread) return;
  shown.unread = 0;
  listRooms();
};

if (window.matchMedia("(max-width: 48rem)").matches) $("members-box").open = false;
signIn();
