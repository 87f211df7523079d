/* Shortcuts of single letters, and when they rest: what is typed on without a field to stand in must do nothing. */
"use strict";

window.xstKeys = (() => {
  const PAUSE = 1000; /* milliseconds without a key after which a letter is meant as a shortcut again */
  let until = 0;

  function rest() { until = performance.now() + PAUSE; }

  /* `does`: what each letter does. `meanwhile`: the few that do something, and what, while `coming()` is a conversation on its way. */
  function listen(does, coming, meanwhile) {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || window.xst.typing(event) || document.querySelector("dialog[open]")) return;
      const letter = event.key.toLowerCase();
      if (does[letter]) event.preventDefault();
      const resting = performance.now() < until;
      const now = resting ? null : (coming() ? meanwhile : does)[letter];
      if (letter.length === 1 && (resting || (coming() && !now))) rest();
      now?.();
    });
  }

  return { listen, rest };
})();
