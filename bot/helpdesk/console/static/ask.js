/* Keys of the page that answers a caller's words: near questions on 1 to 3, the box on /, the caller in the address. */
"use strict";

const box = document.getElementById("q");
const list = document.getElementById("answers");
const whom = document.getElementById("whom");

const near = (number) => list.querySelector(`.answer [data-near="${number}"]`)?.closest(".answer") === list.firstElementChild
  && list.firstElementChild.querySelector(`[data-near="${number}"]`);

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter" && event.target.id === "person-q") event.preventDefault(); /* the box has the keys by then, and would ask */
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

/* A question may wait for the answer to the one before: it is what stood in the box when Enter was pressed, about whoever was chosen then.
   From Enter on the box is ready to be written over, and is left alone: the next question may be half written when an answer comes. */
const drawn = () => document.getElementById("person").value;
const asked = new WeakMap();
let caller = drawn();
document.getElementById("ask").addEventListener("submit", (event) => {
  asked.set(event, { q: box.value, person: caller });
  box.select();
}, true);

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.target === list) Object.assign(event.detail.parameters, { person: caller, ...asked.get(event.detail.triggeringEvent) });
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "ask" && !event.detail.requestConfig.parameters.q.trim()) event.preventDefault();
  document.getElementById("fault").replaceChildren();
});

/* The newest answer is in sight, its clause unfolded. */
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== list) return;
  for (const clause of list.querySelectorAll("details.clause")) clause.open = false;
  const newest = list.firstElementChild;
  newest?.querySelector("details[data-first]")?.setAttribute("open", "");
  list.closest(".page").scrollTo({ top: 0 });
});

let turn = 0; /* only the newest choice is drawn, whatever order the answers come in */
function draw(html, address) {
  whom.innerHTML = html;
  window.htmx.process(whom);
  history.replaceState(null, "", address);
}

async function choose(person) {
  const mine = ++turn;
  caller = person;
  box.focus(); /* before the answer: letters typed meanwhile are the question's */
  let html = null;
  try {
    const response = await window.xst.post("/ask/person", { person });
    if (response.ok) html = await response.text();
  } catch { /* no answer is a choice that failed, too */ }
  if (mine !== turn) return;
  if (html !== null) {
    draw(html, `/ask?person=${person}`);
  } else {
    caller = drawn();
    window.xst.toast(whom.dataset.failed, true);
  }
}

function drop() {
  turn += 1;
  caller = "";
  draw(document.getElementById("nobody").innerHTML, "/ask");
  document.getElementById("person-q").focus();
}

whom.addEventListener("click", (event) => {
  const pick = event.target.closest(".pick");
  if (pick) choose(pick.dataset.person);
  else if (event.target.closest("[data-drop]")) drop();
});
