// On a narrow screen the list comes first: its filters open when they are asked for.
const isNarrow = window.matchMedia("(max-width: 767px)").matches;
document.querySelectorAll("details.all-filters").forEach((filters) => {
  filters.open = !isNarrow;
});
