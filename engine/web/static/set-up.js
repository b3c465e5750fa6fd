// A click on a column asks what it is. Without it the choice above each column does the same.
"use strict";
(() => {
  const table = document.querySelector(".preview table");
  if (!table) return;
  const choice = (cell) => {
    const at = cell.cellIndex;
    return at > 0 ? table.querySelector(".means")?.cells[at]?.querySelector("select") : null;
  };
  const mark = (at) => {
    for (const row of table.tBodies[0].rows)
      for (const cell of row.cells) cell.classList.toggle("at", at > 0 && cell.cellIndex === at);
  };
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("tbody td, .names th");
    const select = cell && choice(cell);
    if (!select) return;
    select.focus();
    mark(cell.cellIndex);
    try { select.showPicker(); } catch { /* focus is enough where there is no such thing */ }
  });
  table.addEventListener("focusin", (event) => {
    const cell = event.target.closest(".means td");
    if (cell) mark(cell.cellIndex);
  });
  table.addEventListener("change", (event) => {
    const cell = event.target.closest(".means td");
    if (!cell) return;
    cell.classList.toggle("used", event.target.value !== "");
    cell.classList.toggle("free", event.target.value === "");
  });
})();
