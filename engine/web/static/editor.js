// Beside a text that is edited: the numbers of its lines, its problems underlined, the words that fit at the cursor, and
// what was typed kept in this window until it is saved. Without it the text is a plain field of a form.
"use strict";
(() => {
  const form = document.getElementById("editor");
  const text = document.getElementById("text");
  const here = document.getElementById("here");
  const problems = document.getElementById("problems");
  const [numbers, marks] = form.querySelectorAll(".numbers, .marks");

  // -- where one is --
  const lineOf = (offset) => text.value.slice(0, offset).split("\n").length;
  const startOf = (line) => {
    let at = 0;
    for (let n = 1; n < line; n++) {
      const next = text.value.indexOf("\n", at);
      if (next < 0) return text.value.length;
      at = next + 1;
    }
    return at;
  };
  const tell = () => {
    const at = text.selectionStart;
    const line = lineOf(at);
    const [inLine, inColumn] = [form.elements.line, form.elements.column];
    const column = String(at - startOf(line) + 1);
    if (inLine.value === String(line) && inColumn.value === column && here.childElementCount) return;
    [inLine.value, inColumn.value] = [String(line), column];
    window.htmx.trigger(here, "cursor");
  };
  let waits = 0;
  const soon = () => {
    clearTimeout(waits);
    waits = setTimeout(tell, 200);
  };
  for (const name of ["keyup", "click", "focus"]) text.addEventListener(name, soon);

  // -- numbers, and what is underlined --
  const draw = () => {
    const lines = text.value.split("\n");
    numbers.textContent = lines.map((_, n) => n + 1).join("\n");
    const wrong = new Map();
    for (const link of problems.querySelectorAll("a[data-line]")) {
      if (link.dataset.file !== form.dataset.file) continue;
      const line = Number(link.dataset.line);
      if (!wrong.has(line)) wrong.set(line, [Number(link.dataset.column), Number(link.dataset.end), link]);
    }
    marks.replaceChildren();
    lines.forEach((line, n) => {
      const found = wrong.get(n + 1);
      if (found) {
        const from = Math.min(found[0] - 1, line.length);
        const to = Math.max(found[1] - 1, from + 1);
        const mark = document.createElement("mark");
        mark.className = found[2].closest("li").className;
        mark.textContent = line.slice(from, to) || " ";
        marks.append(line.slice(0, from), mark, line.slice(to) + "\n");
      } else marks.append(line + "\n");
    });
    scroll();
  };
  const scroll = () => {
    numbers.style.transform = `translateY(${-text.scrollTop}px)`;
    marks.style.transform = `translate(${-text.scrollLeft}px, ${-text.scrollTop}px)`;
  };
  text.addEventListener("scroll", scroll, { passive: true });
  problems.addEventListener("htmx:afterSwap", draw);

  const go = (line, from, to) => {
    const start = startOf(line);
    text.focus();
    text.setSelectionRange(start + from - 1, start + Math.max(to, from) - 1);
    text.scrollTop = Math.max(0, (line - 6) * parseFloat(getComputedStyle(text).lineHeight));
    soon();
  };
  problems.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link || link.dataset.file !== form.dataset.file) return;
    event.preventDefault();
    go(Number(link.dataset.line), Number(link.dataset.column), Number(link.dataset.end));
  });

  // -- the words that fit --
  const put = (written, start, end) => {
    text.focus();
    text.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, written)) {
      text.setRangeText(written, start, end, "end"); // where a page may not type, undoing is not to be had
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
    soon();
  };
  const take = (option) => {
    const list = option.closest(".offers");
    const start = startOf(Number(form.elements.line.value));
    put(option.dataset.insert, start + Number(list.dataset.start) - 1, start + Number(list.dataset.end) - 1);
  };
  here.addEventListener("click", (event) => {
    const option = event.target.closest("[data-insert]");
    if (option) take(option);
  });
  here.addEventListener("keydown", (event) => {
    const option = event.target.closest("[data-insert]");
    if (!option) return;
    const next = { ArrowDown: option.nextElementSibling, ArrowUp: option.previousElementSibling }[event.key];
    if (next) next.focus();
    else if (event.key === "Enter" || event.key === " ") take(option);
    else if (event.key === "Escape") text.focus();
    else return;
    event.preventDefault();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      const first = here.querySelector("[data-insert]");
      if (first) first.focus();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.altKey && text.selectionStart === text.selectionEnd) {
      // The next line begins where this one does; under a word with nothing behind it, or a dash, further in.
      const at = text.selectionStart;
      const line = text.value.slice(startOf(lineOf(at)), at);
      const more = /^ *(- )+/.exec(line) || /^ */.exec(line);
      event.preventDefault();
      put("\n" + " ".repeat(more[0].length + (/:\s*$/.test(line) ? 2 : 0)), at, at);
    }
  });

  // -- what was typed is not lost --
  const name = `typed ${form.dataset.file}`;
  const [seen, first] = [form.elements.seen, text.value];
  let leaving = false;
  const store = (value) => {
    try {
      if (value === null) sessionStorage.removeItem(name);
      else sessionStorage.setItem(name, JSON.stringify(value));
    } catch {} // a browser that keeps nothing: then the page alone has it
  };
  text.addEventListener("input", () => {
    draw();
    soon();
    store(text.value === first ? null : { seen: seen.value, text: text.value });
  });
  form.addEventListener("submit", () => { leaving = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && text.value !== first) event.preventDefault();
  });
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(name));
  } catch {}
  const restored = document.getElementById("restored");
  if (kept && kept.text === first) store(null);
  else if (kept && !form.hasAttribute("data-typed")) {
    const now = seen.value;
    text.value = kept.text;
    seen.value = kept.seen;
    restored.hidden = false;
    document.getElementById("discard").addEventListener("click", () => {
      text.value = first;
      seen.value = now;
      restored.hidden = true;
      store(null);
      draw();
      window.htmx.trigger(text, "again");
    });
  }

  draw();
  const asked = new URLSearchParams(location.search).get("line");
  if (asked && /^\d{1,6}$/.test(asked)) go(Number(asked), 1, 1);
  else soon();
})();
