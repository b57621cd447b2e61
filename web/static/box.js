// The box on the shopper's photo. It is dragged, resized by its corners, or drawn elsewhere, by
// pointer or by keyboard; results follow. Vertical swipes beside the box still scroll the page.

import { announce, swapParts } from "./swap.js";
import { wording } from "./wording.js";

const LEAST = 0.06; // least side of a box, as a share of the photo's
const STEP = 0.02;
const PLACED = 0.4; // side of a box that a tap places
const SLOP_PX = 6; // less is a tap, not a drag
const PAUSE_MS = 160; // without movement, before results follow a drag
const GESTURE_MS = 2000; // changes within this time share one entry of the history
const REPLACED = ["[data-results]", "#filters", "[data-parts]", "[data-looked-said]", "[data-box-field]"];

const clamp = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

const inside = ({ x, y, w, h }) => {
  const wide = clamp(w, LEAST, 1);
  const high = clamp(h, LEAST, 1);
  return { x: clamp(x, 0, 1 - wide), y: clamp(y, 0, 1 - high), w: wide, h: high };
};

const spanned = (from, to) => ({
  x: Math.min(from.x, to.x), y: Math.min(from.y, to.y),
  w: Math.abs(from.x - to.x), h: Math.abs(from.y - to.y),
});

const around = (point, w, h) => inside({ x: point.x - w / 2, y: point.y - h / 2, w, h });

const parse = (field) => {
  const sides = (field ?? "").split(",").map(Number);
  return sides.length === 4 && sides.every(Number.isFinite) ? inside({ x: sides[0], y: sides[1], w: sides[2], h: sides[3] }) : null;
};

const field = ({ x, y, w, h }) => [x, y, w, h].map((side) => Number(side.toFixed(4))).join(",");

class BoxEditor {
  constructor(looked) {
    this.looked = looked;
    this.stage = looked.querySelector("[data-stage]");
    this.element = looked.querySelector("[data-box]");
    this.tools = looked.querySelector("[data-box-tools]");
    this.box = null;
    this.drag = null;
    this.timer = 0;
    this.changedAt = -Infinity;
    this.history = "push";
    this.tools.hidden = false;
    looked.classList.add("editable");
    this.place(parse(looked.querySelector("[data-parts]").dataset.at));
    this.listen();
  }

  listen() {
    this.stage.addEventListener("pointerdown", (event) => this.grab(event));
    this.stage.addEventListener("pointermove", (event) => this.follow(event));
    this.stage.addEventListener("pointerup", (event) => this.drop(event));
    this.stage.addEventListener("pointercancel", () => this.cancel());
    this.stage.addEventListener("dragstart", (event) => event.preventDefault());
    this.stage.addEventListener("click", (event) => this.click(event), true);
    this.element.addEventListener("keydown", (event) => this.press(event));
    this.tools.addEventListener("click", (event) => this.useTool(event.target.closest("button")));
  }

  // Give a gesture its own entry in the history, unless it follows the last one at once.
  begin() {
    if (performance.now() - this.changedAt > GESTURE_MS) this.history = "push";
  }

  // Draw the box, or none.
  place(box) {
    this.box = box;
    this.element.hidden = !box;
    this.looked.classList.toggle("boxed", Boolean(box));
    this.tools.querySelectorAll("[data-box-size]").forEach((button) => { button.hidden = !box; });
    this.tools.querySelector("[data-box-new]").hidden = Boolean(box);
    if (!box) return;
    for (const side of ["x", "y", "w", "h"]) this.stage.style.setProperty(`--box-${side}`, box[side]);
  }

  say() {
    const percent = Object.entries(this.box).map(([side, share]) => [side, Math.round(100 * share)]);
    announce(wording("box", Object.fromEntries(percent)));
  }

  // Where a pointer is, as shares of the photo.
  point(event) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return { x: clamp((event.clientX - left) / width, 0, 1), y: clamp((event.clientY - top) / height, 0, 1) };
  }

  grab(event) {
    if (!event.isPrimary || event.button !== 0) return;
    const corner = event.target.dataset?.corner;
    const kind = corner ? "corner" : this.element.contains(event.target) ? "move" : "draw";
    this.begin();
    this.moved = false;
    this.drag = { kind, corner, from: this.point(event), box: this.box, at: [event.clientX, event.clientY] };
    if (kind !== "draw") this.hold(event);
  }

  hold(event) {
    this.stage.setPointerCapture(event.pointerId);
    this.looked.classList.add("dragging");
  }

  follow(event) {
    if (!this.drag || !event.isPrimary) return;
    const far = Math.hypot(event.clientX - this.drag.at[0], event.clientY - this.drag.at[1]);
    if (!this.moved && far < SLOP_PX) return;
    if (!this.moved) this.hold(event);
    this.moved = true;
    this.place(this.dragged(this.point(event)));
    this.refresh(PAUSE_MS);
  }

  // Return the box that a drag to a point makes.
  dragged(to) {
    const { kind, corner, from, box } = this.drag;
    if (kind === "draw") return inside(spanned(from, to));
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    if (kind === "move") return inside({ ...box, x: box.x + dx, y: box.y + dy });
    const fixed = { x: corner.includes("w") ? box.x + box.w : box.x, y: corner.includes("n") ? box.y + box.h : box.y };
    const free = { x: corner.includes("w") ? box.x + dx : box.x + box.w + dx, y: corner.includes("n") ? box.y + dy : box.y + box.h + dy };
    return inside(spanned(fixed, { x: clamp(free.x, 0, 1), y: clamp(free.y, 0, 1) }));
  }

  drop(event) {
    if (!this.drag || !event.isPrimary) return;
    const { kind } = this.drag;
    this.release();
    if (this.moved) {
      this.refresh(0);
      return;
    }
    // A tap on another part opens that part; elsewhere it places a box.
    const below = document.elementsFromPoint(event.clientX, event.clientY);
    const part = below.find((element) => element.closest?.("[data-parts] a"))?.closest("a");
    if (part && kind !== "draw" && !part.hasAttribute("aria-current")) {
      this.goTo(part);
    } else if (!part && kind === "draw") {
      this.place(around(this.point(event), PLACED, PLACED));
      this.refresh(0);
    }
  }

  cancel() {
    // The browser took over the touch, to scroll: undo the drag.
    if (!this.drag) return;
    this.place(this.drag.box);
    clearTimeout(this.timer);
    this.release();
  }

  release() {
    this.drag = null;
    this.looked.classList.remove("dragging");
  }

  click(event) {
    const part = event.target.closest?.("[data-parts] a");
    const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!part || !plain) return;
    event.preventDefault();
    event.stopPropagation(); // not followed as a link: the photo stays in place
    if (!this.moved || event.detail === 0) this.goTo(part); // otherwise a drag ended here
    this.moved = false;
  }

  // Search for a part that was found in the photo.
  goTo(part) {
    const box = parse(new URL(part.getAttribute("href"), location.href).searchParams.get("box"));
    if (!box) return;
    this.begin();
    this.place(box);
    this.refresh(0);
    this.element.focus({ preventScroll: true });
  }

  press(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.begin();
    const [dx, dy] = way.map((part) => part * STEP);
    const { x, y, w, h } = this.box;
    this.place(event.shiftKey
      ? { x, y, w: clamp(w + dx, LEAST, 1 - x), h: clamp(h + dy, LEAST, 1 - y) }
      : inside({ x: x + dx, y: y + dy, w, h }));
    this.say();
    this.refresh(PAUSE_MS);
  }

  useTool(button) {
    if (!button) return;
    this.begin();
    const factor = Number(button.dataset.boxSize);
    if (factor) {
      const { x, y, w, h } = this.box;
      this.place(around({ x: x + w / 2, y: y + h / 2 }, w * factor, h * factor));
    } else {
      this.place(around({ x: 0.5, y: 0.5 }, 0.6, 0.6));
      this.element.focus({ preventScroll: true });
    }
    this.say();
    this.refresh(PAUSE_MS);
  }

  // Show what the box finds, after a pause; changes that follow each other share one address.
  refresh(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const address = new URL(this.looked.dataset.whole, location.href);
      address.searchParams.set("box", field(this.box));
      swapParts(address.href, REPLACED, { history: this.history });
      this.history = "replace";
      this.changedAt = performance.now();
    }, pause);
  }
}

const known = new WeakSet();

export const watchBox = () => {
  const looked = document.querySelector("[data-looked]");
  if (!looked || known.has(looked)) return;
  known.add(looked);
  new BoxEditor(looked);
};
