/* Uploads files without leaving the page, so that files that were validated stay
   selected and can be imported next. Without JavaScript the form is submitted as usual. */

"use strict";

(() => {
  const form = document.getElementById("upload");
  const input = form.elements.flow_files;
  const selectedFiles = document.getElementById("selected-files");
  const progress = document.getElementById("progress");
  const maxBytes = Number(form.dataset.maxBytes);
  const maxFiles = Number(form.dataset.maxFiles);

  function size(bytes) {
    if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
    const power = Math.min(Math.floor(Math.log2(bytes) / 10), 3);
    return `${(bytes / 1024 ** power).toFixed(1)} ${["", "KB", "MB", "GB"][power]}`;
  }

  function sizeError(files) {
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (files.length > maxFiles) return `Select at most ${maxFiles} files.`;
    if (bytes > maxBytes) return `Select at most ${size(maxBytes)}.`;
    return "";
  }

  function show() {
    const files = [...input.files];
    selectedFiles.replaceChildren(
      ...files.slice(0, maxFiles).map((file) => {
        const item = document.createElement("li");
        item.textContent = `${file.name}, ${size(file.size)}`;
        return item;
      }),
    );
    selectedFiles.hidden = !files.length;
    input.setCustomValidity(sizeError(files));
    input.reportValidity();
  }

  function setBusy(isBusy) {
    form.setAttribute("aria-busy", String(isBusy));
    for (const button of form.querySelectorAll("button")) button.disabled = isBusy;
  }

  function showProgress(text) {
    if (progress.textContent !== text) progress.textContent = text;
  }

  function showResponse(request) {
    if (new URL(request.responseURL).pathname.includes("/importjob/")) {
      // The upload is imported in the background: its job has a page.
      location.assign(request.responseURL);
      return;
    }
    const page = request.responseXML;
    const results = page && page.getElementById("results");
    if (!results) {
      showProgress("The server did not answer. Reload the page and try again.");
      return;
    }
    document.title = page.title;
    document.getElementById("results").replaceWith(results);
    showProgress("");
    results.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const tenths = Math.floor((10 * loaded) / total);
      showProgress(tenths < 10 ? `Uploading, ${10 * tenths} %` : "Uploaded. Validating …");
    });
    request.addEventListener("load", () => showResponse(request));
    request.addEventListener("error", () => showProgress("The upload was interrupted. Try again: no file is imported twice."));
    request.addEventListener("loadend", () => setBusy(false));
    request.open("POST", form.action);
    setBusy(true);
    showProgress("Uploading …");
    request.send(data);
  });

  for (const type of ["dragenter", "dragover"]) {
    input.addEventListener(type, () => input.classList.add("drag-over"));
  }
  for (const type of ["dragleave", "drop"]) {
    input.addEventListener(type, () => input.classList.remove("drag-over"));
  }
  input.addEventListener("change", show);
  // A browser may restore the selection when the user returns to the page.
  if (input.files.length) show();
})();
