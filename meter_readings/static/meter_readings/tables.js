// Labels cells with the heading of their column, for the layout of narrow tables.
"use strict";

document.querySelectorAll(".table table, #result_list").forEach((table) => {
  const labels = [...(table.tHead?.rows[0]?.cells ?? [])].flatMap((heading) => {
    const text = heading.querySelector(".text") ?? heading;
    const isLabel = !heading.classList.contains("action-checkbox-column");
    return Array(heading.colSpan).fill(isLabel ? text.textContent.trim() : "");
  });
  for (const row of [...table.tBodies].flatMap((body) => [...body.rows])) {
    let column = 0;
    for (const cell of row.cells) {
      if (cell.tagName === "TD" && cell.colSpan === 1 && labels[column]) {
        cell.dataset.label = labels[column];
      }
      column += cell.colSpan;
    }
  }
});
