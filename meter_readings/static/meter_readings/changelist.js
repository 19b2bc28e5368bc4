// On narrow screens filters start closed, so that the list comes first.
const isNarrow = window.matchMedia("(max-width: 767px)").matches;
document.querySelectorAll("details.all-filters").forEach((filters) => {
  filters.open = !isNarrow;
});
