/* The open conversation, and the lists beside it, kept up to date by one stream of events. */
"use strict";

(() => {
  const compose = window.xstCompose;
  const keys = window.xstKeys;
  const lines = window.xstLists;
  const lists = document.getElementById("lists");
  const panel = document.getElementById("panel");
  const cut = document.getElementById("cut");
  const texts = document.getElementById("texts").dataset;
  const cutText = cut.textContent;
  const FIELD = "textarea, input:not([type=radio])";
  const PATIENCE = 30000; /* milliseconds until a conversation that was asked for counts as lost */
  const SILENCE = 40000; /* milliseconds without a sign of life, heartbeats included, after which a line counts as dead */

  let source = null;
  let cursor = "";
  let heardAt = Date.now();
  let reconnect = 0;
  let seen = 0; /* the newest message of the person that we have reported as read */
  let opening = 0;
  let wishes = 0; /* of the agent to see another conversation; the last one counts */
  let coming = 0; /* the conversation that is wished for and not there yet: what stands here is being left */
  let following = true;
  let unlisted = 0; /* the open conversation when it stands in no list */
  let intent = null; /* what we are about to write in which conversation, until it stands there as ours */

  const talk = () => panel.querySelector(".talk[data-ticket]");
  const ticketOpen = () => Number(talk()?.dataset.ticket || 0);
  const log = () => document.getElementById("log");
  const fromHtml = lines.fromHtml;
  const tidy = () => lines.tidy(ticketOpen());

  /* --- lists --- */

  function takeLists({ whole, items, gone }) {
    lines.take(whole, items, gone);
    tidy();
    followTicket(whole, gone);
    if (whole) compose.retry();
  }

  /* The open conversation may have been taken, handed on or ended, by us or by others. */
  function followTicket(whole, gone) {
    const shown = talk();
    if (!shown || coming) return;
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

  /* --- the open conversation --- */

  /* Whether the agent is writing or deciding something, from which no late answer may take the keys. */
  const engaged = () => Boolean(document.querySelector("dialog[open]") || document.activeElement?.matches(FIELD));

  function wish(ticket) {
    coming = ticket;
    if (intent?.ticket !== ticket) intent = null;
    return ++wishes;
  }

  /* The wish is void: what stands here has its keys and its news again. */
  function stay() {
    coming = 0;
    intent = null;
    listen(); /* brings the lists as they are by now */
  }

  async function fetched(ticket, headers) {
    try {
      const response = await fetch(`/conversations/${ticket}/panel`, { headers, signal: AbortSignal.timeout(PATIENCE) });
      if (response.headers.get("hx-redirect")) { /* signed out; what no draft holds would go with this page */
        if (compose.lacks()) window.xst.toast(texts.expired, true); else window.location.assign(`/conversations/${ticket}`);
      } else if (response.ok) return await response.text();
      else window.xst.toast(texts.failed, true);
    } catch {
      window.xst.toast(texts.offline, true);
    }
    return "";
  }

  /* `unasked`: somebody else's doing, which must not take the keys away from where the agent is typing. `yields`: gives way to what the
     agent has begun meanwhile. */
  async function open(ticket, { push = true, unasked = false, yields = false } = {}) {
    const wished = unasked ? null : wish(ticket);
    const turn = ++opening;
    await compose.flush();
    const html = await fetched(ticket, { "HX-Request": "true", ...(unasked ? window.xst.itself : {}) });
    if (turn !== opening) return; /* another conversation was opened meanwhile */
    const late = yields && engaged();
    if (!html || (late && ticket !== ticketOpen())) { if (wished === wishes) stay(); return; }
    if (wished === wishes) coming = 0;
    if (late) intent = null;
    show(ticket, html, { push, unasked: unasked || late });
  }

  function show(ticket, html, { push, unasked }) {
    const same = ticket === ticketOpen();
    const fields = same ? [...panel.querySelectorAll("form.write textarea")] : [];
    const at = document.activeElement || document.body;
    const question = same ? null : document.querySelector("#ending[open], #transfer[open], #canned[open]");
    const writing = at.matches(FIELD);
    const elsewhere = !question && at !== document.body && !panel.contains(at) && (unasked || writing);
    const within = same && panel.contains(at) ? at.closest("form.write")?.dataset.kind : "";
    question?.close(); /* it was about the conversation that goes */
    panel.innerHTML = html;
    if (push) history.pushState({ ticket }, "", `/conversations/${ticket}`);
    attach(new Map(fields.map(({ id, value }) => [id, value])));
    const wanted = within || (intent?.ticket === ticket && !writing ? intent.kind : "");
    if (wanted && (compose.turnTo(wanted) || (within && compose.turnTo("note")))) intent = null; /* who goes on typing presses no shortcut */
    else if (!elsewhere) document.getElementById("talk-title").focus({ preventScroll: true });
    if ((writing || question) && !document.activeElement?.matches(FIELD)) keys.rest();
  }

  const reload = () => coming ? undefined : open(ticketOpen(), { push: false, unasked: true });

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
    on("beat", ({ now }) => { lines.setClock(now); });
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

  /* --- the agent's hands --- */

  async function take(ticket) {
    const wished = wish(ticket);
    intent = { ticket, kind: "reply" };
    const done = await compose.act(`/conversations/${ticket}/take`, {});
    window.xst.toast(done.said, !done.ok);
    if (!done.ok && intent?.ticket === ticket) intent = null;
    if (wished !== wishes) return; /* something else was opened meanwhile */
    if (done.ok && (ticket === ticketOpen() || !engaged())) return open(ticket, { push: ticket !== ticketOpen(), yields: true });
    stay();
    if (ticket === ticketOpen()) reload();
  }

  async function act(what, fields = {}) {
    const ticket = ticketOpen();
    if (what === "reopen") intent = { ticket, kind: "reply" };
    else if (intent?.ticket === ticket) intent = null;
    await compose.flush();
    const done = await compose.act(`/conversations/${ticket}/${what}`, fields);
    if (done.said) window.xst.toast(done.said, !done.ok);
    if (!done.ok && intent?.ticket === ticket) intent = null;
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
    const at = links.findIndex((link) => coming ? link.closest(".item").dataset.ticket === String(coming) : link.getAttribute("aria-current"));
    const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
    if (next) { next.scrollIntoView({ block: "nearest" }); open(Number(next.closest(".item").dataset.ticket)); }
  }

  function takeNext() {
    const section = talk()?.dataset.section;
    const ticket = section === "waiting" || section === "messages" ? ticketOpen() : Number(lines.items("waiting")[0]?.dataset.ticket || 0);
    if (ticket) take(ticket);
  }

  function mean(kind) {
    intent = { ticket: coming, kind };
    keys.rest(); /* what is typed on is meant for its field */
  }

  const STEPS = { j: () => step(1), k: () => step(-1) };
  keys.listen({
    ...STEPS, t: takeNext, r: () => compose.turnTo("reply"), n: () => compose.turnTo("note"), x: handOn, e: end, "/": () => compose.openCanned(),
    s: () => { document.getElementById("over").open = true; document.getElementById("find").focus(); },
  }, () => coming, { ...STEPS, r: () => mean("reply"), n: () => mean("note") });

  window.addEventListener("popstate", () => {
    const ticket = Number(location.pathname.split("/")[2] || 0);
    if (ticket) open(ticket, { push: false }); else window.location.assign("/conversations");
  });

  attach();
  tidy();
})();
