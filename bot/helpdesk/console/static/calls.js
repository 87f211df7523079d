/* The record of a call by keyboard alone: choose the person, ask, choose the outcome, save. */
"use strict";

(() => {
  document.getElementById("print")?.addEventListener("click", () => window.print());
  const form = document.getElementById("call");
  if (!form) return;

  const who = document.getElementById("who");
  const found = document.getElementById("found");
  const person = document.getElementById("person");
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
  const pick = (id) => {
    person.value = id;
    who.value = "";
    close();
    htmx.trigger("#caller", "picked");
    question.focus();
  };

  const edited = () => {
    const answer = document.getElementById("answer");
    return answer.value !== answer.defaultValue;
  };
  const ask = () => {
    if (question.value.trim()) htmx.trigger(question, "asked");
  };

  who.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      close();
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      if (!who.value.trim()) question.focus();
      else if (answered !== who.value) wanted = true;
      else if (active()) pick(active().dataset.id);
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
      person.value = "";
      htmx.trigger("#caller", "picked");
      who.focus();
    } else if (event.target.closest("#ask")) {
      ask();
    }
  });

  question.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !composing(event)) {
      event.preventDefault();
      ask();
    }
  });

  const outcomes = [...form.elements.outcome];
  const fields = () => {
    const chosen = form.elements.outcome.value;
    for (const label of form.querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.split(" ").includes(chosen);
  };
  for (const one of outcomes) one.addEventListener("change", fields);
  fields();

  const saving = () => {
    if (form.dataset.sent) return;
    form.requestSubmit();
  };
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);

  document.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      saving();
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
