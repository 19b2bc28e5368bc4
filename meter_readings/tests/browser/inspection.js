// Finds faults that axe does not check. Returns a list of sentences.
() => {
  const faults = [];

  // Returns any CSS colour as red, green, blue and alpha.
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    return pixel.getImageData(0, 0, 1, 1).data;
  };

  const luminance = (colour) => {
    const [red, green, blue] = [...channels(colour)].slice(0, 3).map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };

  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  // Returns the colour behind an element.
  const backgroundOf = (element) => {
    for (let outer = element.parentElement; outer; outer = outer.parentElement) {
      const colour = getComputedStyle(outer).backgroundColor;
      if (channels(colour)[3] > 0) {
        return colour;
      }
    }
    return "white";
  };

  const name = (element) =>
    element.tagName.toLowerCase() + (element.id ? `#${element.id}` : element.name ? `[name=${element.name}]` : "");

  const boxes = "input:not([type=hidden], [type=checkbox], [type=radio], [type=submit], [type=image]), select, textarea";
  for (const box of document.querySelectorAll(boxes)) {
    if (!box.checkVisibility({ visibilityProperty: true })) {
      continue;
    }
    const style = getComputedStyle(box);
    const ground = backgroundOf(box);
    const border = parseFloat(style.borderTopWidth) > 0 ? contrast(style.borderTopColor, ground) : 1;
    const inside = contrast(style.backgroundColor, ground);
    if (Math.max(border, inside) < 3) {
      faults.push(`${name(box)}: the border has a contrast of ${border.toFixed(2)}`);
    }
  }

  const wide = document.documentElement.scrollWidth;
  if (wide > window.innerWidth) {
    const guilty = [...document.body.querySelectorAll("*")].find(
      (element) => element.getBoundingClientRect().right > window.innerWidth && !element.closest("table")
    );
    faults.push(`it is ${wide} pixels wide, the window ${window.innerWidth}: ${guilty?.outerHTML.slice(0, 120)}`);
  }

  // A text or table that is wider than its box is clipped or scrolls.
  const texts = "table, .table, .results, caption, th, td, h1, h2, h3, h4, dt, dd, p, li, summary, label";
  for (const element of document.querySelectorAll(texts)) {
    const style = getComputedStyle(element);
    const isShown = element.checkVisibility() && style.clipPath === "none" && !element.matches(".visually-hidden");
    const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
    if (text && isShown && style.display !== "inline" && element.scrollWidth > element.clientWidth + 1) {
      faults.push(`${name(element)} is ${element.scrollWidth} pixels wide in ${element.clientWidth}: ${text}`);
    }
  }

  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) {
    faults.push(`it has ${headings} h1`);
  }

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length) {
    faults.push(`ids that are there twice: ${twice.join(", ")}`);
  }

  for (const table of document.querySelectorAll("main table:not(#result_list)")) {
    if (!table.caption?.textContent.trim()) {
      faults.push(`a table without a caption: ${table.outerHTML.slice(0, 80)}`);
    }
  }
  return faults;
}
