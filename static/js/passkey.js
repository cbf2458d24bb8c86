// Tells the reader when the browser hands over no passkey: refused, canceled, or not able to. allauth's scripts do the rest.
(function () {
  "use strict";
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault(); // it would go to the console, where nobody looks
    document.getElementById("passkey-error").hidden = false;
  });
})();
