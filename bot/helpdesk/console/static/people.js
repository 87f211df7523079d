/* The list of people by keys, the number that hides itself, printing a slip. */
"use strict";

const box_ = () => document.querySelector('#q[type="search"], #person-q');

document.addEventListener("keydown", (event) => {
  if (event.isComposing || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const picks = [...document.querySelectorAll("#found .pick")];
  const at = picks.indexOf(document.activeElement);
  const box = box_();
  if (!picks.length || (at < 0 && document.activeElement !== box)) return;
  event.preventDefault();
  const next = event.key === "ArrowDown" ? picks[Math.min(at + 1, picks.length - 1)] : picks[at - 1] || box;
  next.focus();
});

/* Enter in the box is for the only one whom its words name: an answer to other words may still stand there, and its person is not meant. */
let answered = null;
let wanted = false;
const openOnly = () => {
  wanted = false;
  const picks = document.querySelectorAll("#found .pick");
  if (picks.length === 1) picks[0].click();
};
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.target !== box_()) return;
  if (answered === event.target.value) openOnly();
  else wanted = true;
});
document.addEventListener("input", (event) => {
  if (event.target === box_()) wanted = false;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "found") return;
  answered = event.detail.requestConfig.parameters.q;
  if (wanted && answered === box_().value) openOnly();
});

/* Who comes back from a person finds the list again. The words stay in this tab, for this session alone: the page of signing in clears them. */
const words = document.querySelector(".find #q");
if (words) {
  words.addEventListener("input", () => sessionStorage.setItem("people.words", JSON.stringify([window.xst.token(), words.value])));
  const [entry] = performance.getEntriesByType("navigation");
  const [token, said] = JSON.parse(sessionStorage.getItem("people.words") || "[]");
  const kept = entry && entry.type === "back_forward" && token === window.xst.token() ? said : null;
  if (kept) {
    document.addEventListener("htmx:load", () => { /* not before htmx has noted the empty box, or nothing has changed for it */
      words.value = kept;
      words.dispatchEvent(new Event("input", { bubbles: true }));
    }, { once: true });
  }
}

document.addEventListener("htmx:afterSwap", (event) => {
  const shown = event.target.querySelector("[data-hide-after]");
  if (!shown) return;
  const home = event.target;
  const until = Date.now() + Number(shown.dataset.hideAfter) * 1000;
  const tick = () => {
    if (!shown.isConnected) return;
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0) {
      home.textContent = home.dataset.masked;
      return;
    }
    home.querySelector("[data-seconds]").textContent = left;
    setTimeout(tick, 250);
  };
  tick();
});

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
});
