// What a page does beside htmx: the clock of a call, keys, and a word where the connection or the session is gone.
// Without it every page reads and every form works.
"use strict";
(() => {
  const lost = document.getElementById("lost");
  const tell = (text) => {
    lost.textContent = text;
    lost.hidden = !text;
  };

  // -- clocks: "in 8 min" beside the time of a call --
  const clocks = () => {
    for (const one of document.querySelectorAll("[data-clock]")) {
      const minutes = Math.round((Date.parse(one.dateTime) - Date.now()) / 60000);
      let beside = one.nextElementSibling;
      if (!beside || !beside.classList.contains("soon")) {
        beside = document.createElement("span");
        beside.className = "soon";
        one.after(beside);
      }
      beside.textContent =
        minutes > 90 ? "" : minutes > 0 ? `in ${minutes} min` : minutes > -1 ? "now" : `${-minutes} min ago`;
    }
  };
  clocks();
  setInterval(clocks, 15000);

  // -- a connection that is lost loses nothing: what was not kept is sent again --
  let unsent = new Set();
  document.addEventListener("htmx:sendError", (event) => {
    unsent.add(event.detail.elt);
    tell("No connection. What you typed stays here and is sent as soon as it is back.");
  });
  const retry = () => {
    const again = unsent;
    unsent = new Set();
    for (const one of again) if (one.isConnected) window.htmx.trigger(one, "again");
  };
  window.addEventListener("online", retry);
  setInterval(() => { if (unsent.size) retry(); }, 5000);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) tell("");
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { status, responseText } = event.detail.xhr;
    if (status === 401) tell("Your session has ended. What you typed stays here: send the form, and you can sign in again.");
    else tell(responseText.length < 300 ? responseText : "This could not be kept.");
  });

  // -- keys: "/" finds an account; a control that has data-key is pressed by it --
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const at = event.target;
    if (at.isContentEditable || /^(input|select|textarea)$/i.test(at.tagName) && !/^(checkbox|radio|button|submit)$/.test(at.type)) {
      if (event.key === "Escape") at.blur();
      return;
    }
    const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (/^(input|textarea)$/i.test(wanted.tagName)) wanted.focus();
    else wanted.click();
  });

  // -- a form is not sent twice by a second press --
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      form.dataset.sent = "yes";
      setTimeout(() => delete form.dataset.sent, 4000);
    }
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
})();
