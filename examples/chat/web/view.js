// The messages of one room, or of one conversation, as a list on the page.

/** How many messages the page keeps of a room; earlier ones can be loaded again. */
const KEPT = 500;
const STATUS = { pending: "sending…", stored: "stored", failed: "not sent" };

/** Makes an element with a class and a text: as text, never as HTML, since it could be anything. */
export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

export class View {
  unread = 0;
  members = [];
  /** Who types, and the timer that ends it. */
  typing = new Map();
  draft = "";
  #me;
  #items = [];
  #followed = true;
  #older = element("button", "plain", "Load earlier messages");
  #list = element("ol");

  /** `handlers` has `older(offset)`, `again(item)` for what has failed, and `followed(atEnd)`. */
  constructor(id, title, me, handlers) {
    Object.assign(this, { id, title, handlers });
    this.#me = me;
    this.element = element("section", "view");
    this.#older.type = "button";
    this.#older.hidden = true;
    this.#older.onclick = () => handlers.older(this.#items.find(({ offset }) => offset)?.offset);
    this.#list.setAttribute("role", "log");
    this.#list.setAttribute("aria-label", `Messages in ${title}`);
    this.element.tabIndex = 0;
    this.element.setAttribute("aria-label", `Messages in ${title}`);
    this.element.hidden = true;
    this.element.append(this.#older, this.#list, element("p", "empty", "No messages yet. Say hello."));
    new ResizeObserver(() => this.#followed && this.follow()).observe(this.element);
    this.element.onscroll = () => {
      const { scrollHeight, scrollTop, clientHeight } = this.element;
      this.#followed = scrollHeight - scrollTop - clientHeight < 40;
      handlers.followed(this.#followed);
    };
  }

  get followed() {
    return this.#followed;
  }

  /** Scrolls to the newest message. */
  follow() {
    this.#followed = true;
    this.element.scrollTo({ top: this.element.scrollHeight, behavior: "instant" });
  }

  /** Replaces all that is stored by a page of the history. */
  reset(messages, more) {
    const unstored = this.#items.filter(({ status }) => status !== "stored");
    for (const item of this.#items) item.element.remove();
    this.#items = [];
    for (const message of messages) this.#insert({ ...message, status: "stored" });
    for (const item of unstored) this.#insert(item);
    this.#older.hidden = !more;
    this.follow();
  }

  /** Puts an earlier page before what is there, which stays where the reader sees it. */
  prepend(messages, more) {
    const bottom = this.element.scrollHeight - this.element.scrollTop;
    for (const message of [...messages].reverse()) this.#insert({ ...message, status: "stored" }, 0);
    this.#older.hidden = !more;
    this.element.scrollTo({ top: this.element.scrollHeight - bottom, behavior: "instant" });
  }

  /** Shows a message that is stored, behind the other stored ones. */
  add(message) {
    const same = this.#items.find(({ key, offset, epoch }) =>
      message.key ? key === message.key : offset === message.offset && epoch === message.epoch);
    if (same) this.#remove(same);
    const end = this.#items.findIndex(({ status }) => status !== "stored");
    this.#insert({ ...message, status: "stored" }, end < 0 ? this.#items.length : end);
    if (this.#items.length > KEPT) {
      this.#remove(this.#items[0]);
      this.#older.hidden = false;
    }
    if (this.#followed) this.follow();
  }

  /** Shows what the user sends, at the end, until it is stored. */
  pend(message) {
    this.#insert({ ...message, userId: this.#me, ts: Date.now(), status: "pending" });
    this.follow();
  }

  /** Shows what became of a message. */
  deliver({ key, status, epoch, offset, ts, message }) {
    const item = this.#items.find((item) => item.key === key);
    if (!item) return;
    const replayed = this.#items.find((other) => other !== item && offset && other.offset === offset && other.epoch === epoch);
    if (replayed) return this.#remove(item);
    Object.assign(item, { status, epoch, offset, ts: ts ?? item.ts, why: message });
    this.#draw(item);
  }

  /** Shows how much of a file has arrived. */
  progress({ key, received, size }) {
    const bar = this.#items.find((item) => item.key === key)?.element.querySelector("progress");
    if (bar) Object.assign(bar, { max: size, value: received });
  }

  #remove(item) {
    item.element.remove();
    this.#items.splice(this.#items.indexOf(item), 1);
  }

  #insert(item, at = this.#items.length) {
    item.element = element("li");
    this.#list.insertBefore(item.element, this.#items[at]?.element ?? null);
    this.#items.splice(at, 0, item);
    this.#draw(item);
    if (this.#items[at + 1]) this.#mark(at + 1);
  }

  #draw(item) {
    const { userId, status, ts } = item;
    const who = element("div", "who");
    const time = element("time", "", new Date(ts).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
    time.dateTime = new Date(ts).toISOString();
    time.title = new Date(ts).toLocaleString();
    who.append(element("b", "", userId), time);
    const avatar = element("span", "avatar", [...userId][0].toUpperCase());
    avatar.setAttribute("aria-hidden", "true");
    avatar.style.setProperty("--hue", hue(userId));
    item.element.replaceChildren(avatar, who, this.#body(item));
    if (userId === this.#me) item.element.append(this.#delivery(item));
    item.element.dataset.status = status;
    this.#mark(this.#items.indexOf(item));
  }

  /** Names the author only where the one before is another. */
  #mark(at) {
    const [before, item] = [this.#items[at - 1], this.#items[at]];
    const follows = before?.userId === item.userId && item.ts - before.ts < 300_000;
    item.element.className = `message${item.userId === this.#me ? " mine" : ""}${follows ? " follows" : ""}`;
  }

  #body({ content, name, size, url, status }) {
    if (name === undefined) return element("div", "body", content);
    const body = element("div", "body");
    const label = `${name} (${bytes(size)})`;
    const from = url && new URL(url, location.href);
    if (from?.origin === location.origin) {
      const link = element("a", "", label);
      Object.assign(link, { href: from.href, download: name });
      body.append(link);
    } else body.append(label);
    if (status === "pending") {
      const bar = element("progress");
      bar.setAttribute("aria-label", `Upload of ${name}`);
      Object.assign(bar, { max: size, value: 0 });
      body.append(element("br"), bar);
    }
    return body;
  }

  #delivery(item) {
    const delivery = element("div", "delivery", STATUS[item.status]);
    if (item.status === "failed") {
      if (item.why) delivery.append(`: ${item.why}`);
      if (item.content === undefined) return delivery;
      const again = element("button", "plain", "Send again");
      again.type = "button";
      again.onclick = () => {
        this.#remove(item);
        this.handlers.again(item);
      };
      delivery.append(again);
    }
    return delivery;
  }
}

/** A colour for a name, always the same. */
function hue(name) {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)) % 360;
  return sum;
}

function bytes(size) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; size >= 1024 && unit < 3; unit += 1) size /= 1024;
  return `${Math.round(size * 10) / 10} ${units[unit]}`;
}
