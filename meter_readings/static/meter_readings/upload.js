/* The upload page without leaving it: the files that are chosen stay chosen, so that
   what was only checked can be imported by one press more. Without this, the form is
   sent as any other. */

"use strict";

(() => {
  const form = document.getElementById("upload");
  const input = form.elements.flow_files;
  const chosen = document.getElementById("selected-files");
  const progress = document.getElementById("progress");
  const maxBytes = Number(form.dataset.maxBytes);
  const maxFiles = Number(form.dataset.maxFiles);

  function size(bytes) {
    if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
    const power = Math.min(Math.floor(Math.log2(bytes) / 10), 3);
    return `${(bytes / 1024 ** power).toFixed(1)} ${["", "KB", "MB", "GB"][power]}`;
  }

  function problem(files) {
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (files.length > maxFiles) return `Those are more than ${maxFiles} files.`;
    if (bytes > maxBytes) return `That is more than ${size(maxBytes)}.`;
    return "";
  }

  function show() {
    const files = [...input.files];
    chosen.replaceChildren(
      ...files.slice(0, maxFiles).map((file) => {
        const item = document.createElement("li");
        item.textContent = `${file.name}, ${size(file.size)}`;
        return item;
      }),
    );
    chosen.hidden = !files.length;
    input.setCustomValidity(problem(files));
    input.reportValidity();
  }

  function setBusy(isBusy) {
    form.setAttribute("aria-busy", String(isBusy));
    for (const button of form.querySelectorAll("button")) button.disabled = isBusy;
  }

  function say(text) {
    if (progress.textContent !== text) progress.textContent = text;
  }

  function showAnswer(request) {
    const answer = request.responseXML;
    const results = answer && answer.getElementById("results");
    if (!results) {
      say("There was no answer to this. Reload the page, and try again.");
      return;
    }
    document.title = answer.title;
    document.getElementById("results").replaceWith(results);
    say("");
    results.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const tenths = Math.floor((10 * loaded) / total);
      say(tenths < 10 ? `Uploading, ${10 * tenths} %` : "Uploaded. Checking each file …");
    });
    request.addEventListener("load", () => showAnswer(request));
    request.addEventListener("error", () => say("The connection broke off. Try again: nothing is imported twice."));
    request.addEventListener("loadend", () => setBusy(false));
    request.open("POST", form.action);
    setBusy(true);
    say("Uploading …");
    request.send(data);
  });

  for (const type of ["dragenter", "dragover"]) {
    input.addEventListener(type, () => input.classList.add("drag-over"));
  }
  for (const type of ["dragleave", "drop"]) {
    input.addEventListener(type, () => input.classList.remove("drag-over"));
  }
  input.addEventListener("change", show);
  // A browser may bring back what was chosen before the page was left.
  if (input.files.length) show();
})();
