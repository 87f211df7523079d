/* Judging by keys: what a key does is the button or link that names it. */
"use strict";

/* Once it is left, the page takes nothing more: keys and clicks are meant for the next one, and each undo takes back another judgement. */
let left = false;
document.addEventListener("submit", (event) => {
  if (!event.target.closest(".judging")) return;
  if (left) event.preventDefault();
  left = true;
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) left = false;
});

document.addEventListener("keydown", (event) => {
  if (left || event.repeat) return; /* a key held down would judge the next page's answer, too */
  if (event.ctrlKey || event.altKey || event.metaKey || window.xst.typing(event) || document.querySelector("dialog[open]")) return;
  const at = { j: "after", k: "before" }[event.key];
  const does = at ? document.getElementById(at) : document.querySelector(`[data-does="${CSS.escape(event.key)}"]`);
  if (event.key === "r") {
    const remark = document.getElementById("remark");
    if (remark) {
      event.preventDefault();
      remark.focus();
    }
  } else if (does && does.getAttribute("aria-disabled") !== "true") {
    event.preventDefault();
    does.click();
    left = true;
  }
});
