/* Writing to a person, and notes: what is typed is kept, Enter while an input method composes sends nothing, what could not be sent stays. */
"use strict";

window.xstCompose = (() => {
  const texts = () => document.getElementById("texts").dataset;
  const PAUSE = 500; /* milliseconds after the last key until a draft is saved */
  const PATIENCE = 10000; /* milliseconds until a request counts as lost */
  const FRESH = 300000; /* milliseconds for which the list of sentences is kept */

  let hooks = {};
  let saving = Promise.resolve();
  const timers = new Map(); /* form -> timer of a draft that is not saved yet */
  /* Of a conversation and a kind, whichever conversation is open by now: */
  const unkept = new Map(); /* words that no draft holds yet */
  const marks = new Map(); /* words that were sent, and the id under which they are one message however often they are */
  const busy = new Set(); /* an answer is awaited */

  const fieldOf = (form) => form.querySelector("textarea");
  const keyOf = (form) => `${form.dataset.ticket}/${form.dataset.kind}`;
  const standing = (key) => [...document.querySelectorAll("form.write")].find((form) => keyOf(form) === key);
  const composing = (event) => event.isComposing || event.keyCode === 229;
  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  /* What the server says to a change: {ok, said, …}. Never throws. */
  async function act(path, fields, { headers = {}, ...more } = {}) {
    const token = window.xst.token();
    let response;
    try {
      response = await fetch(path, {
        method: "POST", headers: { "X-CSRF-Token": token, ...headers }, body: new URLSearchParams(fields),
        signal: AbortSignal.timeout(PATIENCE), ...more,
      });
      /* Signed in anew in another tab: this page's token is that of the session before. */
      if (response.status === 403 && await window.xst.renew() === "in" && window.xst.token() !== token) return await act(path, fields, { headers, ...more });
      if (response.redirected && new URL(response.url).pathname === "/login") return { ok: false, said: texts().expired };
      if (response.status === 204) return { ok: true };
      if ((response.headers.get("content-type") || "").includes("json")) return await response.json();
      const said = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".said");
      return { ok: false, said: said ? said.textContent.trim() : texts().failed };
    } catch {
      return { ok: false, lost: true, said: texts().offline };
    }
  }

  /* --- drafts --- */

  function later(form) {
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => save(form), PAUSE));
  }

  function save(form) {
    clearTimeout(timers.get(form));
    timers.delete(form);
    return keep(keyOf(form), fieldOf(form).value);
  }

  function keep(key, text) {
    const [ticket, kind] = key.split("/");
    const words = { text };
    unkept.set(key, words);
    saving = saving.then(async () => {
      if (unkept.get(key) !== words) return; /* there are newer ones, or they have been sent */
      const done = await act(`/conversations/${ticket}/draft`, { kind, text }, { keepalive: true });
      if (done.ok && unkept.get(key) === words) unkept.delete(key);
      if (standing(key)) document.getElementById("draft-state").textContent = done.ok ? (text.trim() ? texts().kept : "") : texts().unkept;
    });
    return saving;
  }

  /* Save at once what has been typed and not been saved. */
  function flush() {
    for (const form of [...timers.keys()]) save(form);
    return saving;
  }

  function retry() {
    for (const [key, { text }] of [...unkept]) if (!busy.has(key)) keep(key, text);
  }

  /* Whether some words stand in this page alone. */
  const lacks = () => unkept.size > 0;

  /* --- sending --- */

  async function submit(form) {
    const key = keyOf(form);
    const [ticket, kind] = key.split("/");
    const text = fieldOf(form).value;
    if (!text.trim() || busy.has(key)) return;
    if (marks.get(key)?.text !== text) marks.set(key, { text, id: newId() }); /* the same words again are the same message, also when the first answer was lost */
    busy.add(key);
    fieldOf(form).readOnly = true;
    form.querySelector(".failed").textContent = "";
    clearTimeout(timers.get(form));
    timers.delete(form);
    await saving; /* an older draft must not come after the message and bring its words back */
    const done = await act(`/conversations/${ticket}/${kind}`, { text, client_id: marks.get(key).id });
    busy.delete(key);
    const now = standing(key); /* another conversation may be open by now, or this one again */
    if (now) fieldOf(now).readOnly = false;
    if (done.ok) {
      forget(key, text);
      if (now) hooks.written(kind, done);
      return;
    }
    if (now) now.querySelector(".failed").textContent = done.said;
    else window.xst.toast(texts().elsewhere.replace("{n}", ticket).replace("{why}", done.said), true);
    keep(key, text);
    lookForArrived(); /* the stream may have been faster than the news that the answer is lost */
  }

  /* The words have been written: they stand in no field and no draft any more. */
  function forget(key, text) {
    const form = standing(key);
    unkept.delete(key);
    marks.delete(key);
    if (!form || fieldOf(form).value !== text) return;
    fieldOf(form).value = "";
    form.querySelector(".failed").textContent = "";
    document.getElementById("draft-state").textContent = "";
  }

  /* What bears this client id stands in the conversation: it was written although its answer was lost. */
  function arrived(client) {
    const form = client && [...document.querySelectorAll("form.write")].find((one) => marks.get(keyOf(one))?.id === client);
    if (!form || busy.has(keyOf(form)) || fieldOf(form).value !== marks.get(keyOf(form)).text) return;
    forget(keyOf(form), fieldOf(form).value);
    save(form);
  }

  function lookForArrived() {
    for (const entry of document.querySelectorAll("#log [data-client]")) arrived(entry.dataset.client);
  }

  /* --- reply or note --- */

  function turnTo(kind, focus = true) {
    const chosen = document.getElementById(`write-${kind}`);
    if (!chosen) return false;
    for (const tab of document.querySelectorAll("#composer [role=tab]")) {
      const selected = tab.id === `tab-${kind}`;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !selected;
    }
    if (focus) fieldOf(chosen).focus();
    return true;
  }

  /* `typed`: what stood in the fields of this very conversation a moment ago, by id. */
  function attach(ticketId, given, typed) {
    hooks = given;
    for (const form of document.querySelectorAll("form.write")) {
      const field = fieldOf(form);
      form.dataset.ticket = ticketId;
      const words = busy.has(keyOf(form)) ? marks.get(keyOf(form)) : unkept.get(keyOf(form));
      field.value = typed.get(field.id) ?? words?.text ?? field.value;
      field.readOnly = busy.has(keyOf(form));
      form.addEventListener("submit", (event) => { event.preventDefault(); submit(form); field.focus(); });
      field.addEventListener("input", () => { form.querySelector(".failed").textContent = ""; later(form); });
      field.addEventListener("keydown", (event) => {
        if (composing(event)) return; /* Enter picks a word now; 229 is what browsers say before the composition has ended */
        if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
          event.preventDefault();
          submit(form);
        } else if (event.key === "/" && !field.value && form.dataset.kind === "reply") {
          event.preventDefault();
          openCanned();
        } else if (event.key === "Escape") {
          field.blur();
        }
      });
      field.setSelectionRange(field.value.length, field.value.length);
    }
    for (const tab of document.querySelectorAll("#composer [role=tab]")) {
      tab.addEventListener("click", () => turnTo(tab.id.slice(4)));
      tab.addEventListener("keydown", (event) => {
        if (event.key === "ArrowRight" || event.key === "ArrowLeft") turnTo(tab.id === "tab-reply" ? "note" : "reply", false) && document.querySelector("#composer [role=tab][aria-selected=true]").focus();
      });
    }
    const button = document.getElementById("open-canned");
    if (button) button.addEventListener("click", openCanned);
    lookForArrived();
  }

  /* --- sentences to insert --- */

  const dialog = document.getElementById("canned");
  const find = document.getElementById("canned-find");
  const list = document.getElementById("canned-list");
  let sentences = [];
  let fetched = -Infinity;
  let chosen = 0;
  let asking = ""; /* the conversation that they are looked for in */

  async function openCanned() {
    const form = document.getElementById("write-reply");
    if (!form || dialog.open) return;
    asking = form.dataset.ticket;
    find.value = "";
    dialog.showModal();
    find.focus();
    if (performance.now() - fetched > FRESH) {
      try {
        const response = await fetch("/conversations/canned");
        sentences = await response.json();
        fetched = performance.now();
      } catch {
        window.xst.toast(texts().failed, true);
      }
    }
    showCanned();
  }

  /* How well a sentence fits, the smaller the better; Infinity: not at all. */
  function fit(one, words) {
    if (!words) return one.source === "ours" ? 0 : 1;
    const initials = one.initials.split(" ");
    if (one.title.toLowerCase().startsWith(words)) return 0;
    if (initials.some((letters) => letters.startsWith(words))) return 1;
    if (one.title.toLowerCase().includes(words)) return 2;
    if (one.also.toLowerCase().includes(words)) return 3;
    if (initials.some((letters) => letters.includes(words))) return 4;
    return words.length > 1 && one.text.toLowerCase().includes(words) ? 5 : Infinity;
  }

  function showCanned() {
    const words = find.value.trim().toLowerCase();
    const found = sentences.map((one, at) => ({ one, at, fit: fit(one, words) })).filter((row) => row.fit < Infinity);
    found.sort((left, right) => left.fit - right.fit || left.at - right.at);
    list.replaceChildren(...found.slice(0, 40).map(({ one }, at) => option(one, at)));
    document.getElementById("canned-none").hidden = found.length > 0;
    choose(0);
  }

  function option(one, at) {
    const row = document.createElement("li");
    row.id = `canned-${at}`;
    row.setAttribute("role", "option");
    row.dataset.text = one.text;
    const title = document.createElement("b");
    title.textContent = one.title;
    const source = document.createElement("span");
    source.className = one.source === "ours" ? "badge soft" : "badge";
    source.textContent = one.source === "ours" ? texts().ours : texts().answers;
    const text = document.createElement("span");
    text.className = "words";
    text.textContent = one.text;
    row.append(title, source, text);
    return row;
  }

  function choose(at) {
    const rows = [...list.children];
    chosen = Math.max(0, Math.min(at, rows.length - 1));
    rows.forEach((row, place) => row.setAttribute("aria-selected", String(place === chosen)));
    if (rows[chosen]) {
      find.setAttribute("aria-activedescendant", rows[chosen].id);
      rows[chosen].scrollIntoView({ block: "nearest" });
    } else find.removeAttribute("aria-activedescendant");
  }

  function insert(row) {
    const field = document.getElementById("reply-text");
    dialog.close();
    if (!row || !field) return;
    turnTo("reply", false);
    field.setRangeText(row.dataset.text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  find.addEventListener("input", showCanned);
  find.addEventListener("keydown", (event) => {
    if (composing(event)) return;
    if (event.key === "ArrowDown") { event.preventDefault(); choose(chosen + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(chosen - 1); }
    else if (event.key === "Enter") { event.preventDefault(); insert(list.children[chosen]); }
  });
  list.addEventListener("click", (event) => insert(event.target.closest("[role=option]")));
  dialog.addEventListener("close", () => { const field = document.getElementById("reply-text"); if (field && field.form.dataset.ticket === asking && !field.closest("[hidden]")) field.focus(); });
  window.addEventListener("pagehide", flush);

  return { act, attach, flush, retry, lacks, arrived, turnTo, openCanned };
})();
