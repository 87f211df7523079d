/* Keys of the page that answers a caller's words: near questions on 1 to 3, the box on /, the caller in the address. */
"use strict";

const box = document.getElementById("q");
const list = document.getElementById("answers");

const near = (number) => list.querySelector(`.answer [data-near="${number}"]`)?.closest(".answer") === list.firstElementChild
  && list.firstElementChild.querySelector(`[data-near="${number}"]`);

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey) return;
  const typing = window.xst.typing(event);
  const digit = /^Digit([1-3])$/.exec(event.code) || /^Numpad([1-3])$/.exec(event.code);
  if (digit && (event.altKey || !typing)) {
    const button = list.firstElementChild && near(digit[1]);
    if (!button) return;
    event.preventDefault();
    button.click();
  } else if (event.altKey) {
    return;
  } else if (event.key === "Escape" && event.target === box) {
    box.blur();
  } else if (typing) {
    return;
  } else if (event.key === "/") {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "c") {
    list.querySelector(".copy")?.click();
  } else if (event.key === "p") {
    const other = document.getElementById("person-q") || document.querySelector("[data-drop]");
    event.preventDefault();
    other.focus();
  }
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "ask" && !box.value.trim()) event.preventDefault();
  document.getElementById("fault").replaceChildren();
});

/* The newest answer is in sight, its clause unfolded; the box is ready to be written over. */
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== list) return;
  for (const clause of list.querySelectorAll("details.clause")) clause.open = false;
  const newest = list.firstElementChild;
  newest?.querySelector("details[data-first]")?.setAttribute("open", "");
  list.closest(".page").scrollTo({ top: 0 });
  if (document.activeElement === box) box.select();
});

async function choose(person) {
  const response = await window.xst.post("/ask/person", { person });
  const whom = document.getElementById("whom");
  if (!response.ok) {
    window.xst.toast(whom.dataset.failed, true);
    return;
  }
  whom.innerHTML = await response.text();
  window.htmx.process(whom);
  history.replaceState(null, "", person ? `/ask?person=${person}` : "/ask");
  (person ? box : document.getElementById("person-q")).focus();
}

document.getElementById("whom").addEventListener("click", (event) => {
  const pick = event.target.closest(".pick, [data-drop]");
  if (pick) choose(pick.dataset.person || "");
});
