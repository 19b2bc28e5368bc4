"use strict";

// The key "/" goes to the search box, unless somebody is typing, or has switched it off
// because a voice or a slip presses single keys.
{
  const STORED = "meter-readings.search-key";
  const box = document.getElementById("search");
  const hint = document.querySelector(".search-key");
  const choice = document.getElementById("search-key-setting");

  const isOn = () => {
    try {
      return localStorage.getItem(STORED) !== "off";
    } catch {
      return true;
    }
  };

  const show = () => {
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
    show();
    document.addEventListener("keydown", (event) => {
      const withOthers = event.ctrlKey || event.metaKey || event.altKey;
      if (event.key !== "/" || withOthers || isTyping(event.target) || !isOn()) {
        return;
      }
      event.preventDefault();
      box.focus();
      box.select();
    });
  }

  if (box && choice) {
    choice.querySelector("input").checked = isOn();
    choice.hidden = false;
    choice.addEventListener("change", (event) => {
      try {
        localStorage.setItem(STORED, event.target.checked ? "on" : "off");
      } catch {
        // Nothing is kept where the browser keeps nothing; the key stays as it is.
      }
      show();
    });
  }
}
