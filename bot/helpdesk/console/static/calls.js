/* The record of a call by keyboard alone: choose the person, ask, choose the outcome, save. */
"use strict";

(() => {
  document.getElementById("print")?.addEventListener("click", () => window.print());
  const form = document.getElementById("call");
  if (!form) return;

  const who = document.getElementById("who");
  const found = document.getElementById("found");
  const question = document.getElementById("question");
  const composing = (event) => event.isComposing || event.keyCode === 229;
  const options = () => [...found.querySelectorAll("li[data-id]")];
  const active = () => found.querySelector('li[data-id][aria-selected="true"]');

  const show = () => {
    found.hidden = !found.children.length;
    who.setAttribute("aria-expanded", String(!found.hidden));
    const at = active();
    if (at && !found.hidden) who.setAttribute("aria-activedescendant", at.id);
    else who.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    found.replaceChildren();
    show();
  };
  const move = (step) => {
    const all = options();
    if (!all.length) return;
    const next = all[(all.indexOf(active()) + step + all.length) % all.length];
    for (const one of all) one.setAttribute("aria-selected", String(one === next));
    next.scrollIntoView({ block: "nearest" });
    show();
  };

  /* The person stands in the same fragment as their card: no record is of one whose card is not on the screen. */
  let choosing = "";
  const choose = (id) => {
    choosing = id;
    htmx.trigger("#caller", "picked");
  };
  document.getElementById("caller").addEventListener("htmx:configRequest", (event) => {
    event.detail.parameters.person = choosing;
  });
  const pick = (id) => {
    who.value = "";
    close();
    choose(id);
    question.focus();
  };

  /* What the answer on the screen was made for. */
  const made = (name) => form.elements[name];
  const edited = () => made("typed").value === "1";
  const words = (text) => text.trim().split(/\s+/).join(" ");
  const overwritten = () => !["", words(question.value)].includes(words(made("told_question").value));
  const ask = () => {
    if (question.value.trim()) htmx.trigger(question, "asked");
  };
  const askAnew = () => {
    made("choose").value = "";
    ask();
  };
  form.addEventListener("input", (event) => {
    if (event.target.id !== "answer") return;
    made("typed").value = "1";
    made("told_person").value ||= document.getElementById("person").value;
  });

  /* Words that staff write while an answer is on its way stay. */
  let before = "";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target.id === "answering") before = document.getElementById("answer").value;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "answering" && document.getElementById("answer").value !== before) event.detail.shouldSwap = false;
  });

  who.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      wanted = false;
      close();
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      if (!who.value.trim()) {
        question.focus();
      } else if (answered === who.value && active()) {
        pick(active().dataset.id);
      } else {
        wanted = true;
        htmx.trigger(who, "again");
      }
    }
  });

  /* Enter before the answer to the last letters is there: the first of what comes to them is meant. An answer to fewer letters names others. */
  let answered = "";
  let wanted = false;
  who.addEventListener("input", () => {
    wanted = false;
    if (!who.value.trim()) close();
  });
  found.addEventListener("htmx:afterSwap", (event) => {
    answered = event.detail.requestConfig.parameters.text;
    if (!who.value.trim()) close();
    show();
    if (!wanted || answered !== who.value) return;
    wanted = false;
    if (active()) pick(active().dataset.id);
  });
  for (const fault of ["htmx:responseError", "htmx:sendError"]) who.addEventListener(fault, () => { wanted = false; });
  found.addEventListener("mousedown", (event) => {
    const option = event.target.closest("li[data-id]");
    if (option) {
      event.preventDefault();
      pick(option.dataset.id);
    }
  });
  who.addEventListener("blur", () => setTimeout(close, 150));

  document.getElementById("caller").addEventListener("htmx:afterSwap", () => {
    if (question.value.trim() && !edited()) ask();
  });
  form.addEventListener("click", (event) => {
    if (event.target.closest("#unpick")) {
      choose("");
      who.focus();
    } else if (event.target.closest("#ask")) {
      askAnew();
    }
  });

  question.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !composing(event)) {
      event.preventDefault();
      askAnew();
    }
  });

  const outcomes = [...form.elements.outcome];
  const fields = () => {
    const chosen = form.elements.outcome.value;
    for (const label of form.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(chosen);
  };
  for (const one of outcomes) one.addEventListener("change", fields);
  fields();

  /* What is saved is what was on the screen: not while a person or an answer is on its way, and not an answer to words written over. */
  const coming = () => wanted || form.querySelector("#caller.htmx-request, #question.htmx-request, #answering .htmx-request");
  const save = async () => {
    form.dataset.sent = "1";
    const here = await window.xst.renew();
    if (here === "in") {
      form.submit();
      return;
    }
    delete form.dataset.sent;
    window.xst.toast(here === "out" ? form.dataset.signedOut : document.getElementById("toasts").dataset.offline, true);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.sent) return;
    if (coming()) {
      window.xst.toast(form.dataset.coming, true);
    } else if (overwritten() && !edited() && question.value.trim()) {
      askAnew();
      window.xst.toast(form.dataset.askedAnew, true);
    } else {
      save();
    }
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);

  /* A function key leads elsewhere: over a record half written it must be pressed twice. */
  let warned = -Infinity;
  const AGAIN_MS = 5000;
  document.addEventListener("xst:leave", (event) => {
    const written = question.value.trim() || document.getElementById("answer").value.trim();
    if (!form.dataset.sent && (!written || performance.now() - warned < AGAIN_MS)) return;
    event.preventDefault();
    if (form.dataset.sent) return;
    warned = performance.now();
    window.xst.toast(form.dataset.unsaved, true);
  });

  document.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.altKey && !event.ctrlKey && ["1", "2", "3"].includes(event.key)) {
      event.preventDefault();
      const chosen = outcomes[Number(event.key) - 1];
      chosen.checked = true;
      fields();
      document.getElementById({ call_back: "phone", elsewhere: "detail" }[chosen.value])?.focus();
    }
  });

  const first = form.querySelector('[aria-invalid="true"]');
  if (first) first.focus();
})();
