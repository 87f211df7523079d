/* The lists of conversations: their lines and counts, the title that sums them up, and the clocks of who waits. */
"use strict";

window.xstLists = (() => {
  const root = document.getElementById("reception");
  const lists = document.getElementById("lists");
  const texts = document.getElementById("texts").dataset;
  const arrived = performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart || 0);
  let ahead = Number(root.dataset.now) - arrived; /* of the server's clock before ours */

  const fromHtml = (html) => { const held = document.createElement("template"); held.innerHTML = html; return held.content; };
  const items = (section) => [...lists.querySelectorAll(`[data-list="${section}"] .item`)];

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

  function take(whole, changed, gone) {
    if (whole) {
      const standing = new Set(changed.map((one) => String(one.ticket)));
      for (const item of lists.querySelectorAll("[data-list] .item")) if (!standing.has(item.dataset.ticket)) item.remove();
    }
    for (const ticket of gone) lists.querySelector(`[data-list] .item[data-ticket="${ticket}"]`)?.remove();
    changed.forEach(put);
  }

  /* `current`: the conversation that is open. */
  function tidy(current) {
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

  const setClock = (now) => { ahead = now - Date.now(); };
  setInterval(tick, 1000);

  return { fromHtml, items, take, tidy, setClock };
})();
