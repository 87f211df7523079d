/* Sending a file: too large a one is refused before it travels, and one sees how far it is. */
"use strict";

(() => {
  const form = document.getElementById("upload");
  const said = document.getElementById("upload-said");
  const sent = document.getElementById("sent");

  const refuse = (text) => {
    const line = document.createElement("p");
    line.className = "said";
    line.setAttribute("role", "alert");
    line.textContent = text;
    said.replaceChildren(line);
  };

  form.addEventListener("htmx:beforeRequest", (event) => {
    const file = form.elements.file.files[0];
    if (file && file.size > Number(form.dataset.most)) {
      event.preventDefault();
      refuse(form.dataset.tooLarge);
      return;
    }
    said.replaceChildren();
    sent.value = 0;
    sent.hidden = false;
  });
  form.addEventListener("htmx:xhr:progress", (event) => {
    if (event.detail.lengthComputable) sent.value = event.detail.loaded / event.detail.total;
  });
  form.addEventListener("htmx:afterRequest", () => {
    sent.hidden = true;
  });
})();
