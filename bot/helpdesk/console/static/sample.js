/* Judging by keys: what a key does is the button or link that names it. */
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.repeat) return; /* a key held down would judge the next page's answer, too */
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
  }
});
