// The chat page. Messages are text: they reach the page through textContent alone, never as HTML.
"use strict";

(() => {
  const find = (id) => document.getElementById(id);
  const { base, citation, title, unread: unreadForm } = document.body.dataset;
  const texts = find("t-texts").dataset;
  const [scroll, log, welcome, typing, status, compose, field, send, down] =
    ["scroll", "log", "welcome", "typing", "status", "compose", "text", "send", "down"].map(find);
  // What is more than plain text within a message: telephone numbers, and bars drawn with block characters.
  const SPECIAL = /(?<phone>(?<![\d*-])(?:0\d{2,3}-\d{7,8}|1[3-9]\d{9})(?![\d*-]))|(?<bar>[\u2581-\u2593]+)/g;
  const seen = new Set(); // ids of the bot's messages on the page: the same message may come by two roads
  let cursor = 0; // up to here the page has everything; the response to a message of one's own may bring what lies further on
  const early = []; // asked before the past was there: a stream from the very beginning would bring old answers below a new question
  let waiting = 0;
  let unread = 0;
  let following = true; // the end of the conversation is kept in sight
  let source = null;
  let reconnect = null;

  // --- showing ---------------------------------------------------------------------------------------------------

  function write(parent, text) {
    let end = 0;
    for (const found of text.matchAll(SPECIAL)) {
      parent.append(text.slice(end, found.index), found.groups.phone ? phone(found[0]) : bar(found[0]));
      end = found.index + found[0].length;
    }
    parent.append(text.slice(end));
  }

  function phone(number) {
    const link = document.createElement("a");
    link.href = "tel:" + number.replace(/-/g, "");
    link.textContent = number;
    return link;
  }

  function bar(blocks) {
    const span = document.createElement("span");
    span.className = "bar";
    span.setAttribute("aria-hidden", "true"); // the figures beside it say the same
    span.textContent = blocks;
    return span;
  }

  function fill(bubble, text, cited) {
    const plain = [];
    const flush = () => {
      if (plain.length) write(bubble, plain.splice(0).join("\n").replace(/\n+$/, ""));
    };
    for (const line of text.split("\n")) {
      if (!cited || !line.startsWith(citation)) { plain.push(line); continue; }
      flush();
      const cite = document.createElement("span");
      cite.className = "cite";
      cite.textContent = line;
      bubble.append(cite);
    }
    flush();
  }

  function show(message, below = null) {
    if (message.id) {
      if (seen.has(message.id)) return null;
      seen.add(message.id);
    }
    const template = find("t-" + message.from) || find("t-bot");
    const article = template.content.firstElementChild.cloneNode(true);
    fill(article.querySelector(".bubble"), message.text, message.from === "bot");
    const buttons = message.buttons || [];
    if (message.from === "person" || buttons.length) clearChoices(); // only the newest choices can be tapped
    if (message.feedback && message.id) article.append(vote(message));
    if (buttons.length) article.append(choices(buttons));
    welcome.hidden = true;
    log.insertBefore(article, below);
    if (following || message.from === "person") follow(); else down.hidden = false;
    return article;
  }

  function choices(buttons) {
    const list = document.createElement("ul");
    list.className = "choices";
    for (const { title: label, payload } of buttons) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.dataset.say = payload;
      item.append(button);
      list.append(item);
    }
    return list;
  }

  function clearChoices() {
    for (const list of log.querySelectorAll(".choices")) list.remove();
  }

  function vote(message) {
    const group = find("t-vote").content.firstElementChild.cloneNode(true);
    const buttons = [...group.querySelectorAll("button")];
    const thanks = group.querySelector(".thanks");
    const settle = (chosen) => buttons.forEach((button) => {
      button.disabled = true;
      button.setAttribute("aria-pressed", String(button.dataset.vote === chosen));
    });
    if (message.vote) settle(message.vote);
    group.addEventListener("click", async (event) => {
      const button = event.target.closest("button");
      if (!button || button.disabled) return;
      try {
        await call("feedback", { message: message.id, vote: button.dataset.vote });
        settle(button.dataset.vote);
        thanks.textContent = thanks.dataset.thanks;
        field.focus({ preventScroll: true });
      } catch { say(texts.failed); }
    });
    return group;
  }

  const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 24;
  const toEnd = () => { following = true; requestAnimationFrame(() => { scroll.scrollTop = scroll.scrollHeight; down.hidden = true; }); };

  // Keep the end in sight, but never so that the question and the beginning of a long answer leave the screen.
  function follow() {
    following = true;
    requestAnimationFrame(() => {
      const end = scroll.scrollHeight - scroll.clientHeight;
      const asked = [...log.querySelectorAll(".person")].pop();
      const top = asked ? Math.min(end, asked.offsetTop - 12) : end;
      scroll.scrollTop = top;
      down.hidden = end - top < 8;
    });
  }

  const say = (text) => { if (status.textContent !== text) status.textContent = text; };

  function wait(change) {
    waiting += change;
    typing.hidden = waiting <= 0;
    if (!typing.hidden) follow();
  }

  function countUnread(message) {
    if (!document.hidden || message.from === "person") return;
    unread += 1;
    document.title = unreadForm.replace("{n}", unread) + title;
  }

  // --- talking to the server -------------------------------------------------------------------------------------

  async function call(path, body) {
    const response = await fetch(`${base}/${path}`, body === undefined ? { cache: "no-store" } : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  function newId() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function ask(text) {
    const asked = [show({ from: "person", text }), text, newId()];
    if (log.dataset.loaded && !early.length) {
      say("");
      deliver(...asked);
    } else {
      early.push(asked);
      wait(1);
    }
  }

  async function deliverEarly() {
    while (early.length) {
      wait(-1);
      await deliver(...early[0]);
      early.shift(); // only now: what is asked meanwhile must not overtake the others
    }
  }

  async function deliver(article, text, id) {
    const again = article.querySelector(".again");
    article.classList.remove("failed");
    again.hidden = true;
    wait(1);
    try {
      const answer = await call("messages", { text, id });
      wait(-1);
      for (const message of answer.messages) show(message);
      if (answer.held) say(texts.held);
      listen();
    } catch {
      wait(-1);
      article.classList.add("failed");
      again.hidden = false; // the same id: what did arrive is not answered twice
      again.onclick = () => deliver(article, text, id);
      say(texts.failed);
    }
  }

  function listen() {
    if (source && source.readyState !== EventSource.CLOSED) return;
    clearTimeout(reconnect);
    source = new EventSource(`${base}/events?after=${cursor}`);
    source.onopen = () => { if (status.textContent === texts.reconnecting) say(""); };
    source.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      cursor = Math.max(cursor, message.id);
      if (message.from === "staff") say("");
      if (show(message)) countUnread(message);
    });
    source.onerror = () => {
      say(texts.reconnecting);
      if (source.readyState === EventSource.CLOSED) reconnect = setTimeout(load, 3000);
    };
  }

  async function load() {
    try {
      const past = await call("history");
      log.setAttribute("aria-live", "off"); // a screen reader need not read the past aloud
      const first = !log.dataset.loaded;
      const below = first ? log.firstElementChild : null; // what has been asked early stays under the past
      for (const message of past.messages) if (first || message.from !== "person") show(message, below);
      if (below) clearChoices();
      log.dataset.loaded = "yes";
      cursor = Math.max(cursor, past.cursor);
      welcome.hidden = log.childElementCount > 0;
      setTimeout(() => log.setAttribute("aria-live", "polite"), 200);
      if (welcome.hidden) toEnd();
      listen();
      if (first) deliverEarly();
    } catch {
      welcome.hidden = log.childElementCount > 0;
      say(texts.reconnecting);
      reconnect = setTimeout(load, 3000);
    }
  }

  // --- the person's hands ----------------------------------------------------------------------------------------

  function fit() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
    send.disabled = !field.value.trim();
  }

  function submit() {
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    fit();
    ask(text);
  }

  compose.addEventListener("submit", (event) => { event.preventDefault(); submit(); field.focus(); });
  field.addEventListener("input", fit);
  field.addEventListener("keydown", (event) => {
    // While an input method composes, Enter picks a word; 229 is what browsers report for it before the composition has ended.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-say]");
    if (!button) return;
    ask(button.dataset.say);
    if (matchMedia("(hover: hover)").matches) field.focus(); // on a phone the keyboard stays down
  });

  find("restart").addEventListener("click", () => find("ask-restart").showModal());
  find("ask-restart").addEventListener("close", async (event) => {
    if (event.target.returnValue !== "yes") return;
    event.target.returnValue = "";
    try { await call("session", {}); location.reload(); } catch { say(texts.failed); }
  });

  down.addEventListener("click", toEnd);
  let top = 0;
  scroll.addEventListener("scroll", () => {
    // Only a person scrolls up; our own smooth way down must not look like leaving the end.
    if (atEnd()) { following = true; down.hidden = true; } else if (scroll.scrollTop < top) following = false;
    top = scroll.scrollTop;
  }, { passive: true });
  new ResizeObserver(() => { if (following) follow(); }).observe(scroll); // a phone's keyboard comes and goes
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    document.title = title;
  });

  fit();
  load();
  if (matchMedia("(hover: hover)").matches) field.focus();
})();
