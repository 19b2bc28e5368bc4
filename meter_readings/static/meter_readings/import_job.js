/* Follows an import job: replaces its part of the page, less and less often, until the
   job is over. Without JavaScript the page has a link to refresh it. */

"use strict";

(() => {
  const FIRST_SECONDS = 1;
  const MAX_SECONDS = 15;

  // The heading and the breadcrumb say the state too.
  const TITLES = ["#content h1", ".breadcrumbs [aria-current=page]"];

  const job = () => document.getElementById("import-job");
  let seconds = FIRST_SECONDS;

  async function update() {
    try {
      const response = await fetch(location.pathname, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const next = page.getElementById("import-job");
      if (response.ok && next && next.innerHTML !== job().innerHTML) {
        const status = next.querySelector("[role=status]");
        const shown = job().querySelector("[role=status]");
        // The status stays in the page, so that its changes are announced.
        shown.replaceChildren(...status.childNodes);
        status.replaceWith(shown);
        job().replaceWith(next);
        document.title = page.title;
        for (const title of TITLES) {
          document.querySelector(title).textContent =
            page.querySelector(title).textContent;
        }
        seconds = FIRST_SECONDS;
      }
    } catch {
      // The server may be restarting: the next update asks again.
    }
    wait();
  }

  function wait() {
    if (!("active" in job().dataset)) return;
    setTimeout(update, 1000 * seconds);
    seconds = Math.min(seconds * 1.5, MAX_SECONDS);
  }

  wait();
})();
