/* The lists and the open conversation, kept up to date by one stream of events. */
"use strict";

(() => {
  const compose = window.xstCompose;
  const root = document.getElementById("reception");
  const lists = document.getElementById("lists");
  const panel = document.getElementById("panel");
  const cut = document.getElementById("cut");
  const texts = document.getElementById("texts").dataset;
  const cutText = cut.textContent;
  const SILENCE = 40000; /* milliseconds without a sign of life, heartbeats included, after which a line counts as dead */

  const arrived = performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart || 0);
  let ahead = Number(root.dataset.now) - arrived; /* of the server's clock before ours */
  let source = null;
  let cursor = "";
  let heardAt = Date.now();
  let reconnect = 0;
  let seen = 0; /* the newest message of the person that we have reported as read */
  let opening = 0;
  let following = true;
  let unlisted = 0; /* the open conversation when it stands in no list */
  let intent = null; /* what we are about to write in which conversation, until it stands there as ours */

  const talk = () => panel.querySelector(".talk[data-ticket]");
  const ticketOpen = () => Number(talk()?.dataset.ticket || 0);
  const log = () => document.getElementById("log");
  const fromHtml = (html) => { const held = document.createElement("template"); held.innerHTML = html; return held.content; };
  const items = (section) => [...lists.querySelectorAll(`[data-list="${section}"] .item`)];

  /* --- lists --- */

  function put({ ticket, section, html }) {
    const fresh = fromHtml(html).firstElementChild;
    const old = lists.querySelector(`[data-list] .item[data-ticket="${ticket}"]`);
    const focused = old && old.contains(document.activeElement) ? (document.activeElement.matches("button") ? "button" : "a") : null;
    const into = lists.querySelector(`[data-list="${section}"] ul`);
    if (!into) { if (old) old.remove(); return; }
    const next = [...into.children].find((one) => one !== old && one.dataset.order > fresh.dataset.order);
    if (old && old.parentElement === into) old.replaceWith(fresh);
    else { if (old) old.remove(); into.insertBefore(fresh, next || null); }
    if (focused) (fresh.querySelector(focused) || fresh.querySelector("a")).focus({ preventScroll: true });
  }

  function takeLists({ whole, items: changed, gone }) {
    if (whole) {
      const standing = new Set(changed.map((one) => String(one.ticket)));
      for (const item of lists.querySelectorAll("[data-list] .item")) if (!standing.has(item.dataset.ticket)) item.remove();
    }
    for (const ticket of gone) lists.querySelector(`[data-list] .item[data-ticket="${ticket}"]`)?.remove();
    changed.forEach(put);
    tidy();
    followTicket(whole, gone);
    if (whole) compose.retry();
  }

  function tidy() {
    const current = ticketOpen();
    for (const section of lists.querySelectorAll("[data-list]")) {
      const count = section.querySelectorAll(".item").length;
      section.querySelector("[data-count]").textContent = count;
      section.querySelector(".nothing").hidden = count > 0;
    }
    for (const item of lists.querySelectorAll(".item")) {
      const link = item.querySelector("a");
      if (Number(item.dataset.ticket) === current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const unread = items("mine").reduce((sum, item) => sum + Number(item.dataset.unread), 0);
    const waiting = items("waiting").length;
    document.title = `${unread ? `(${unread}) ` : ""}${waiting ? `${texts.waiting.replace("{n}", waiting)} · ` : ""}${root.dataset.title}`;
    tick();
  }

  /* The open conversation may have been taken, handed on or ended, by us or by others. */
  function followTicket(whole, gone) {
    const shown = talk();
    if (!shown) return;
    const ticket = ticketOpen();
    const item = lists.querySelector(`[data-list] .item[data-ticket="${ticket}"]`);
    const moved = item && (item.dataset.section !== shown.dataset.section || item.dataset.holder !== shown.dataset.holder);
    const ended = !item && shown.dataset.section !== "over" && (gone.includes(ticket) || (whole && unlisted !== ticket));
    unlisted = item ? 0 : ticket; /* long lists are cut: what is missing is looked after once */
    if (moved || ended) reload();
    else if (item && item.dataset.bound !== shown.dataset.bound) showWhose(ticket, item.dataset.bound);
  }

  /* The chat was bound meanwhile: who it is changes, and nothing that is being typed. */
  async function showWhose(ticket, bound) {
    const shown = talk();
    shown.dataset.bound = bound; /* asked for once */
    try {
      const response = await fetch(`/conversations/${ticket}/panel`, { headers: { "HX-Request": "true", ...window.xst.itself } });
      const fresh = fromHtml(response.ok ? await response.text() : "");
      if (talk() !== shown) return;
      for (const id of ["whose", "talk-title"]) document.getElementById(id).innerHTML = fresh.getElementById(id).innerHTML;
    } catch {
      shown.dataset.bound = "?"; /* and again with the next change of the lists */
    }
  }

  function tick() {
    const now = Date.now() + ahead;
    for (const shown of lists.querySelectorAll("time[data-since]")) {
      const waited = Math.max(0, now - Number(shown.dataset.since));
      const whole = Math.floor(waited / 1000);
      const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
      const two = (number) => String(number).padStart(2, "0");
      shown.textContent = hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`;
      shown.classList.toggle("long", waited > Number(root.dataset.long));
    }
  }

  /* --- the open conversation --- */

  /* `unasked`: somebody else's doing, which must not take the keys away from where the agent is typing. */
  async function open(ticket, { push = true, unasked = false } = {}) {
    const turn = ++opening;
    await compose.flush();
    let response;
    const headers = { "HX-Request": "true", ...(unasked ? window.xst.itself : {}) };
    try { response = await fetch(`/conversations/${ticket}/panel`, { headers }); } catch { return window.xst.toast(texts.offline, true); }
    if (response.headers.get("hx-redirect")) { /* signed out; what no draft holds would go with this page */
      return compose.lacks() ? window.xst.toast(texts.expired, true) : window.location.assign(`/conversations/${ticket}`);
    }
    if (!response.ok) return window.xst.toast(texts.failed, true);
    const html = await response.text();
    if (turn !== opening) return; /* another conversation was opened meanwhile */
    const fields = ticket === ticketOpen() ? [...panel.querySelectorAll("form.write textarea")] : [];
    const at = document.activeElement;
    const elsewhere = unasked && at && at !== document.body && !panel.contains(at);
    const within = unasked && panel.contains(at) ? at.closest("form.write")?.dataset.kind : "";
    panel.innerHTML = html;
    if (push) history.pushState({ ticket }, "", `/conversations/${ticket}`);
    attach(new Map(fields.map(({ id, value }) => [id, value])));
    const wanted = within || (intent?.ticket === ticket ? intent.kind : "");
    if (wanted && (compose.turnTo(wanted) || (within && compose.turnTo("note")))) intent = null; /* who goes on typing presses no shortcut */
    else if (!elsewhere) document.getElementById("talk-title").focus({ preventScroll: true });
  }

  const reload = () => open(ticketOpen(), { push: false, unasked: true });

  function attach(typed = new Map()) {
    const shown = talk();
    if (!shown) { listen(); return; }
    cursor = shown.dataset.cursor;
    seen = 0;
    following = true;
    compose.attach(ticketOpen(), { written }, typed);
    const within = log();
    within.scrollTop = within.scrollHeight;
    within.addEventListener("scroll", () => {
      following = within.scrollHeight - within.scrollTop - within.clientHeight < 40;
      if (following) document.getElementById("down").hidden = true;
    }, { passive: true });
    document.getElementById("down").addEventListener("click", toEnd);
    document.getElementById("show-facts").addEventListener("click", (event) => {
      const wanted = panel.classList.toggle("facts-open");
      event.currentTarget.setAttribute("aria-expanded", String(wanted));
    });
    panel.classList.remove("facts-open");
    markSeen();
    tidy();
    listen();
  }

  function toEnd() {
    const within = log();
    within.scrollTop = within.scrollHeight;
    document.getElementById("down").hidden = true;
  }

  function add({ id, order, html }) {
    if (document.getElementById(id)) return; /* once, however often it is brought */
    const within = log();
    const entry = fromHtml(html).firstElementChild;
    let after = within.lastElementChild;
    while (after && after.dataset.order > order) after = after.previousElementSibling;
    if (after) after.after(entry); else within.prepend(entry);
    if (entry.matches(".person")) document.getElementById("composer").dataset.heard = Math.max(Number(id.slice(1)), heard());
    if (entry.matches(".note")) pin(entry);
    compose.arrived(entry.dataset.client);
    if (following) toEnd(); else if (entry.matches(".person")) document.getElementById("down").hidden = false;
  }

  function pin(entry) {
    const pinned = document.createElement("p");
    pinned.className = "note said-text";
    pinned.dataset.note = entry.id;
    pinned.textContent = entry.querySelector(".bubble").textContent;
    const by = document.createElement("small");
    by.textContent = entry.querySelector("header").textContent.trim().replace(/\s+/g, " ");
    pinned.append(by);
    document.getElementById("notes").append(pinned);
    document.getElementById("no-notes").hidden = true;
  }

  const heard = () => Number(document.getElementById("composer")?.dataset.heard || 0);

  function markSeen() {
    const shown = talk();
    if (!shown || shown.dataset.section !== "mine" || document.visibilityState !== "visible" || heard() <= seen) return;
    seen = heard();
    compose.act(`/conversations/${shown.dataset.ticket}/seen`, { upto: seen }, { headers: window.xst.itself }).then((done) => { if (!done.ok) seen = 0; });
  }

  function written(kind, done) {
    if (done.entry) add(done.entry);
    if (done.said) window.xst.toast(done.said);
    toEnd();
  }

  function takeDeliveries({ deliveries }) {
    for (const [id, { state, label, why }] of Object.entries(deliveries)) {
      const shown = document.querySelector(`#${id} .delivery`);
      if (!shown) continue;
      shown.dataset.state = state;
      shown.querySelector("b").textContent = label;
      shown.querySelector("span").textContent = why;
    }
  }

  /* --- the stream --- */

  function listen() {
    clearTimeout(reconnect);
    if (source) source.close();
    const line = new EventSource(`/conversations/events?watch=${ticketOpen()}&after=${encodeURIComponent(cursor)}`);
    source = line;
    heardAt = Date.now();
    const on = (name, take) => line.addEventListener(name, (event) => {
      if (line !== source) return; /* of a conversation that is no longer open */
      heardAt = Date.now();
      if (event.lastEventId) cursor = event.lastEventId;
      take(JSON.parse(event.data));
    });
    line.onopen = () => { heardAt = Date.now(); cut.hidden = true; cut.textContent = cutText; };
    line.onerror = () => {
      if (line !== source) return;
      cut.hidden = false;
      if (line.readyState === EventSource.CLOSED) { clearTimeout(reconnect); reconnect = setTimeout(again, 2000); }
    };
    on("entries", ({ entries }) => { if (talk()) { entries.forEach(add); markSeen(); } });
    on("deliveries", (change) => { if (talk()) takeDeliveries(change); });
    on("lists", takeLists);
    on("colleagues", takeColleagues);
    on("way", ({ html }) => { const way = document.getElementById("way"); if (way) way.innerHTML = html; });
    on("beat", ({ now }) => { ahead = now - Date.now(); });
  }

  /* The server refused the stream: because the session is over, or while it starts. */
  async function again() {
    const signed = await window.xst.renew();
    if (signed === "in") return listen();
    if (signed === "out") { cut.textContent = texts.expired; cut.hidden = false; }
    reconnect = setTimeout(again, signed === "out" ? 10000 : 2000);
  }

  function takeColleagues({ presence, html }) {
    const held = document.getElementById("colleagues");
    const focused = held.contains(document.activeElement) ? document.activeElement.dataset.to : null;
    held.innerHTML = html;
    if (focused) held.querySelector(`[data-to="${focused}"]`)?.focus();
    const mine = document.querySelector(`#presence input[value="${presence}"]`);
    if (mine) mine.checked = true;
  }

  setInterval(() => { if (Date.now() - heardAt > SILENCE) { cut.hidden = false; listen(); } }, 5000);
  window.addEventListener("online", listen);
  window.addEventListener("pagehide", () => { if (source) source.close(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  document.addEventListener("visibilitychange", markSeen);
  setInterval(tick, 1000);

  /* --- the agent's hands --- */

  async function take(ticket) {
    intent = { ticket, kind: "reply" };
    const done = await compose.act(`/conversations/${ticket}/take`, {});
    window.xst.toast(done.said, !done.ok);
    if (done.ok) return open(ticket, { push: ticket !== ticketOpen() });
    intent = null;
    if (ticket === ticketOpen()) reload();
  }

  async function act(what, fields = {}) {
    const ticket = ticketOpen();
    await compose.flush();
    intent = what === "reopen" ? { ticket, kind: "reply" } : null;
    const done = await compose.act(`/conversations/${ticket}/${what}`, fields);
    if (done.said) window.xst.toast(done.said, !done.ok);
    if (!done.ok) intent = null;
    if (ticket === ticketOpen()) await reload();
  }

  function end() {
    if (talk()?.dataset.section === "mine") document.getElementById("ending").showModal();
  }

  function handOn() {
    if (talk()?.dataset.section === "mine") document.getElementById("transfer").showModal();
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const link = target?.closest(".item a");
    const button = target?.closest("button");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(Number(link.closest(".item").dataset.ticket));
    } else if (button?.dataset.take) take(Number(button.dataset.take));
    else if (button?.dataset.open === "transfer") handOn();
    else if (button?.dataset.act === "close" && talk().dataset.section === "mine") end();
    else if (button?.dataset.act) act(button.dataset.act);
    else if (button?.dataset.sure) { document.getElementById("ending").close(); act(button.dataset.sure); }
    else if (button?.dataset.to) { document.getElementById("transfer").close(); act("transfer", { to: button.dataset.to }); }
  });

  document.getElementById("presence").addEventListener("change", (event) => compose.act("/conversations/presence", { presence: event.target.value }).then((done) => { if (!done.ok) window.xst.toast(done.said, true); }));

  let searching = 0;
  document.getElementById("find").addEventListener("input", (event) => {
    clearTimeout(searching);
    searching = setTimeout(async () => {
      const words = event.target.value;
      try {
        const response = await window.xst.post("/conversations/over", { find: words });
        if (response.ok && event.target.value === words) { document.getElementById("found").innerHTML = await response.text(); tidy(); }
      } catch { window.xst.toast(texts.failed, true); }
    }, 200);
  });
  document.getElementById("find").form.addEventListener("submit", (event) => event.preventDefault());

  function step(by) {
    const links = [...lists.querySelectorAll(".item a")].filter((link) => link.getClientRects().length);
    const at = links.findIndex((link) => link.getAttribute("aria-current"));
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
    if (next) { next.scrollIntoView({ block: "nearest" }); open(Number(next.closest(".item").dataset.ticket)); }
  }

  function takeNext() {
    const section = talk()?.dataset.section;
    const ticket = section === "waiting" || section === "messages" ? ticketOpen() : Number(items("waiting")[0]?.dataset.ticket || 0);
    if (ticket) take(ticket);
  }

  const KEYS = {
    j: () => step(1), k: () => step(-1), t: takeNext, r: () => compose.turnTo("reply"), n: () => compose.turnTo("note"),
    x: handOn, e: end, "/": () => compose.openCanned(),
    s: () => { document.getElementById("over").open = true; document.getElementById("find").focus(); },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || window.xst.typing(event) || document.querySelector("dialog[open]")) return;
    const does = KEYS[event.key.toLowerCase()];
    if (does) { event.preventDefault(); does(); }
  });

  window.addEventListener("popstate", () => {
    const ticket = Number(location.pathname.split("/")[2] || 0);
    if (ticket) open(ticket, { push: false }); else window.location.assign("/conversations");
  });

  attach();
  tidy();
})();
