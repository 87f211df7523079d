/* Reviewing what was missed by keys: what a key does is the button of the open group that names it. */
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("#groups button")];
  const open = () => document.querySelector(".group:not([hidden])");
  const underWay = () => document.querySelector("#queue .htmx-request"); /* the open group is about to give its place to the next */
  const dialog = document.getElementById("other");
  const find = document.getElementById("other-find");
  const options = [...document.querySelectorAll("#other-list li")];
  let sought = null; /* the group that another question is looked for */
  let at = 0; /* the place in the list: when a group is gone, the next one takes it */

  function show(index, focus = false) {
    const all = rows();
    if (!all.length) return;
    at = Math.max(0, Math.min(index, all.length - 1));
    for (const row of all) row.setAttribute("aria-pressed", String(row === all[at]));
    for (const group of document.querySelectorAll(".group")) group.hidden = group.dataset.group !== all[at].dataset.group;
    all[at].scrollIntoView({ block: "nearest" });
    if (focus) all[at].focus();
  }

  function step(by) {
    const boxes = [...open().querySelectorAll("input[type=checkbox]")];
    const from = boxes.indexOf(document.activeElement);
    const to = from < 0 ? 0 : Math.max(0, Math.min(from + by, boxes.length - 1));
    boxes[to].focus();
  }

  /* The other questions. */
  const shown = () => options.filter((option) => !option.hidden);
  function mark(option) {
    for (const one of options) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      find.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      find.removeAttribute("aria-activedescendant");
    }
  }

  function narrow() {
    const words = find.value.trim().toLowerCase().split(/\s+/);
    const fits = (option, word) => option.dataset.find.toLowerCase().includes(word) || (word.length > 1 && option.dataset.more.includes(word));
    for (const option of options) option.hidden = !words.every((word) => fits(option, word));
    const byTitle = shown().find((option) => option.dataset.find.toLowerCase().includes(words[0]));
    mark(byTitle || shown()[0]);
  }

  function search() {
    if (!open() || underWay()) return;
    sought = open();
    find.value = "";
    narrow();
    dialog.showModal();
    find.focus();
  }

  function take(option) {
    if (!option) return;
    dialog.close();
    if (sought !== open()) { /* the row that had the keys is gone with its group */
      show(at, true);
      return;
    }
    const button = open().querySelector(".chosen");
    button.value = option.dataset.label;
    button.click();
  }

  find.addEventListener("input", narrow);
  find.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const all = shown();
    const marked = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(all[Math.max(0, Math.min(marked + (event.key === "ArrowDown" ? 1 : -1), all.length - 1))]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(all[marked]);
    }
  });
  document.getElementById("other-list").addEventListener("click", (event) => take(event.target.closest("li")));
  document.getElementById("other-close").addEventListener("click", () => dialog.close());

  document.addEventListener("click", (event) => {
    const row = event.target.closest("#groups button");
    if (row) show(rows().indexOf(row));
    if (event.target.closest('[data-does="/"]')) search();
  });

  document.addEventListener("keydown", (event) => {
    const typing = window.xst.typing(event) && !event.target.matches("input[type=checkbox]");
    if (event.ctrlKey || event.altKey || event.metaKey || typing || document.querySelector("dialog[open]")) return;
    const moves = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const within = { n: 1, p: -1 }[event.key];
    const does = (open() || document).querySelector(`[data-does="${CSS.escape(event.key)}"]`) || (event.key === "u" && document.querySelector(".undo [data-does]"));
    if (moves && rows().length) {
      event.preventDefault();
      show(at + moves, true);
    } else if (within && open()) {
      event.preventDefault();
      step(within);
    } else if (event.key === " " && open() && event.target.closest("#groups button, body") && !event.target.closest("a, .open button, .undo, input")) {
      event.preventDefault(); /* on a group's row: its first sentence */
      step(1);
      document.activeElement.click();
    } else if (does && !event.repeat) {
      event.preventDefault();
      if (!underWay()) does.click();
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "queue") show(at, true);
  });
  show(0);
})();
