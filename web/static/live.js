// A live part of a page is not replaced while somebody types in it.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  const typing = document.activeElement;
  if (typing && ["INPUT", "TEXTAREA", "SELECT"].includes(typing.tagName) && event.target.contains(typing)) {
    event.preventDefault();
  }
});
