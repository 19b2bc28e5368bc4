// On narrow screens filters start closed, so that the list comes first. Django's filters.js
// remembers what the user opens and closes.
"use strict";

const remembered = JSON.parse(sessionStorage.getItem("django.admin.filtersState")) ?? {};
const isNarrow = window.matchMedia("(max-width: 767px)").matches;
document.querySelectorAll("details.all-filters").forEach((filters) => {
  if (!(filters.dataset.filterTitle in remembered)) {
    filters.open = !isNarrow;
  }
});
