"use strict";

// The key "/" focuses the search box, unless an input has the focus. It can be switched
// off on the search page, since speech input and accidents press single keys.
{
  const STORAGE_KEY = "meter-readings.search-key";
  const box = document.getElementById("search");
  const hint = document.querySelector(".search-key");
  const setting = document.getElementById("search-key-setting");

  const isOn = () => {
    try {
      return localStorage.getItem(STORAGE_KEY) !== "off";
    } catch {
      return true;
    }
  };

  const showHint = () => {
    hint.hidden = !isOn();
    if (isOn()) {
      box.setAttribute("aria-keyshortcuts", "/");
    } else {
      box.removeAttribute("aria-keyshortcuts");
    }
  };

  const isTyping = (element) =>
    element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);

  if (box) {
    showHint();
    document.addEventListener("keydown", (event) => {
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      if (event.key !== "/" || hasModifier || isTyping(event.target) || !isOn()) {
        return;
      }
      event.preventDefault();
      box.focus();
      box.select();
    });
  }

  if (box && setting) {
    setting.querySelector("input").checked = isOn();
    setting.hidden = false;
    setting.addEventListener("change", (event) => {
      try {
        localStorage.setItem(STORAGE_KEY, event.target.checked ? "on" : "off");
      } catch {
        // The browser allows no storage: the setting stays as it is.
      }
      showHint();
    });
  }
}
