"use strict";

// Loads the OpenAPI schema with the session or, without one, with a token that the user
// enters, and shows it in Swagger UI.

const root = document.getElementById("swagger-ui");
const form = document.getElementById("token-form");

// The theme that was chosen in the admin, else that of the browser
const theme = localStorage.getItem("theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const setTheme = () => {
  const isDark = theme === "dark" || (theme !== "light" && prefersDark.matches);
  document.documentElement.classList.toggle("dark-mode", isDark);
};
prefersDark.addEventListener("change", setTheme);
setTheme();

async function load(token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(root.dataset.schemaUrl, { headers });
  if (response.ok) {
    form.hidden = true;
    show(await response.json(), token);
    return;
  }
  form.hidden = false;
  if (token) {
    document.getElementById("token-help").textContent = (await response.json()).detail;
  }
}

function show(spec, token) {
  const ui = SwaggerUIBundle({
    spec,
    domNode: root,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (request.method === "POST") {
        request.headers["X-CSRFToken"] = root.dataset.csrfToken;
      }
      return request;
    },
    onComplete: () => {
      if (token) ui.preauthorizeApiKey("token", token);
    },
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  load(document.getElementById("token").value.trim());
});
load("");
