/* What every page of the console has: function keys, the table of shortcuts, toasts, copying. */
"use strict";

const said_ = document.getElementById("toasts").dataset;

const console_ = {
  /* Headers of a request that nobody at the keyboard has made: it keeps the session from ending no longer. */
  itself: { "X-By-Itself": "1" },

  /* Whether somebody is typing: shortcuts of single letters must not take the keys away. */
  typing(event) {
    const at = event.target;
    return event.isComposing || event.keyCode === 229 || (at instanceof HTMLElement && (at.isContentEditable || at.matches("input, textarea, select")));
  },

  toast(text, bad = false) {
    const shown = document.createElement("p");
    shown.className = bad ? "toast bad" : "toast";
    shown.textContent = text;
    document.getElementById("toasts").append(shown);
    setTimeout(() => shown.remove(), bad ? 8000 : 4000);
  },

  async copy(text) {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
    } else { /* no clipboard without an encrypted line, off loopback */
      const held = document.createElement("textarea");
      held.value = text;
      document.body.append(held);
      held.select();
      document.execCommand("copy");
      held.remove();
    }
    this.toast(said_.copied);
  },

  /* Where nobody is signed in any more the page goes to where one signs in, and what waited for the answer waits on. */
  async post(url, fields) {
    const response = await fetch(url, { method: "POST", headers: { "X-CSRF-Token": this.token() }, body: new URLSearchParams(fields) });
    if (!response.redirected || new URL(response.url).pathname !== "/login") return response;
    window.location.assign(response.url);
    return new Promise(() => {});
  },

  /* Take over the token of whoever is signed in now, perhaps anew in another tab: "in", "out", or "lost" without an answer. Somebody else
     gets a page of their own. */
  async renew() {
    let fresh;
    try {
      const response = await fetch("/account", { cache: "no-store", headers: this.itself });
      if (response.redirected && new URL(response.url).pathname === "/login") return "out";
      if (!response.ok) return "lost";
      fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      return "lost";
    }
    if (fresh.body.dataset.member !== document.body.dataset.member) {
      window.location.reload();
      return new Promise(() => {});
    }
    document.body.setAttribute("hx-headers", fresh.body.getAttribute("hx-headers"));
    for (const field of document.querySelectorAll("input[name=csrf]")) field.value = this.token();
    return "in";
  },

  token() {
    return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
  },
};
window.xst = console_;

/* The browser itself gives the field that a page begins with the keys only when the first frame is drawn: letters typed before are lost. */
document.querySelector("[autofocus]:not(dialog *)")?.focus();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const link = /^F\d+$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
  if (link) {
    event.preventDefault();
    if (document.dispatchEvent(new Event("xst:leave", { cancelable: true }))) window.location.assign(link.dataset.opens || link.href);
  } else if (event.key === "?" && !console_.typing(event)) {
    event.preventDefault();
    document.getElementById("shortcuts").showModal();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copy]");
  if (button) {
    const source = document.getElementById(button.dataset.copy);
    console_.copy(source ? source.innerText.trim() : button.dataset.copy);
  }
});

/* Who waits for a human, on every page; the conversations page has its own stream and title. */
const waiting = document.getElementById("waiting");
if (waiting && !location.pathname.startsWith("/conversations")) {
  const title = document.title;
  const look = async () => {
    const answer = await fetch("/waiting", { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer || answer.status !== 200) return;
    const { waiting: people, unread } = await answer.json();
    waiting.textContent = people + unread;
    waiting.title = said_.waiting.replace("{n}", people).replace("{unread}", unread);
    waiting.hidden = people + unread === 0;
    document.title = people + unread ? `(${people + unread}) ${title}` : title;
  };
  look();
  setInterval(look, 5000);
}

/* htmx shows errors nowhere by itself. */
document.addEventListener("htmx:responseError", (event) => {
  const said = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector(".said");
  console_.toast(said ? said.textContent.trim() : said_.failed, true);
});
document.addEventListener("htmx:sendError", () => console_.toast(said_.offline, true));
