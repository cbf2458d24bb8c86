// Forms that are sent once, answers that are errors, and live updates that leave alone what the reader touched.
//   [data-live-url] on one element of the page, with data-live-version: an event stream whose messages are versions.
//   [data-live] on each fragment: <section id="…" data-live hx-get="…" hx-trigger="changed" hx-swap="morph:outerHTML">
//   details[data-follow] may be opened by a live update where that moves nothing under the reader's hand, and (="fold") closed by
//   the answer to the reader's own press; all others stay as the reader has them.
//   [data-keep] was fetched into the page (a preview, a password) and is left alone; ="until-press" goes with the next press in its step.
//   [data-own] fetches what is in it by itself: an update of what is around leaves it as it is, with all that is in it.
(function () {
  "use strict";
  const POLL = 15000;
  const on = (type, handle, options) => document.addEventListener(type, handle, options);

  // --- One press, one request -----------------------------------------------------------------------------------
  // aria-disabled and not disabled: a disabled button loses the focus, and its name would be missing from the form.
  const busy = new WeakSet();
  const outdated = new WeakMap(); // what stood in a form's step when it was sent, and is of no use once it is accepted
  const buttons = (form) => [...form.elements].filter((control) => control.type === "submit");

  function lock(form) {
    busy.add(form);
    outdated.set(form, form.closest(".step, .sweep-page")?.querySelectorAll('[data-keep="until-press"]') ?? []);
    for (const button of buttons(form)) button.setAttribute("aria-disabled", "true");
  }

  function release(form) {
    busy.delete(form);
    for (const button of buttons(form)) button.removeAttribute("aria-disabled");
  }

  on("submit", (event) => {
    const form = event.target;
    if (busy.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (form.method === "post") {
      lock(form);
      // A download answers without leaving the page, and no event tells. The server counts presses by its own key.
      setTimeout(() => release(form), 20000);
    }
  }, true);
  on("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form) release(form);
  });
  window.addEventListener("pageshow", (event) => event.persisted && [...document.forms].forEach(release));

  // --- Errors ---------------------------------------------------------------------------------------------------
  function flash(text) {
    const copy = document.getElementById("flash-error")?.content.cloneNode(true);
    if (!copy) return;
    copy.querySelector(".flash-text").textContent = text;
    document.getElementById("flashes").append(copy);
  }

  // 422 and 409 are the fragment with its errors: shown in place. Any other error must not take the place of what is on the
  // page: it goes among the flashes (components/error_notice.html); a failed live update is only said at the foot.
  on("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig, serverResponse } = event.detail;
    const isLive = requestConfig.verb === "get" && requestConfig.elt.matches("[data-live]");
    isAnswer = requestConfig.verb !== "get" && xhr.status < 400;
    if (xhr.status < 400) {
      if (isLive) sayLive("");
      else if (requestConfig.verb !== "get") accept(requestConfig.elt);
    } else if (isLive) {
      event.detail.shouldSwap = false;
      sayLive("This page could not be refreshed; what it shows may be old.");
    } else if (xhr.status === 422 || xhr.status === 409) {
      putInItsPlace(event.detail);
    } else {
      event.detail.target = document.getElementById("flashes");
      event.detail.swapOverride = "beforeend";
      if (!/<html/i.test(serverResponse)) return;
      event.detail.shouldSwap = false; // a whole page, from a proxy perhaps
      flash("Petra met an error. Whether it was done is not known yet: reload the page to see.");
    }
  });
  on("htmx:sendError", (event) => {
    if (event.detail.requestConfig.verb !== "get") flash("No answer from Petra. Whether it was done is not known: reload the page to see before you press again.");
  });

  // A refused form may be answered by a fragment larger than what it asked for: that one goes where its own id stands.
  function putInItsPlace(detail) {
    const id = /^\s*<[a-z]+[^>]*?\sid="([\w-]+)"/.exec(detail.serverResponse)?.[1];
    const place = id && id !== detail.target.id && document.getElementById(id);
    if (!place) return;
    detail.target = place;
    detail.swapOverride = "morph:outerHTML";
  }

  // --- What a live update must not touch ---------------------------------------------------------------------------
  const touched = new WeakSet();
  let isAnswer = false; // what is being swapped answers the reader's own press
  let pointer = null;
  on("pointermove", (event) => (pointer = event.pointerType === "mouse" ? event : null), { passive: true });
  for (const type of ["input", "change"]) on(type, (event) => touched.add(event.target), true);
  on("reset", (event) => [...event.target.elements].forEach((control) => touched.delete(control)));

  // What was sent is the server's again; the question that was answered folds.
  function accept(element) {
    const form = element.closest("form");
    if (!form) return;
    for (const control of form.elements) touched.delete(control);
    const question = form.closest("details.confirm");
    if (question) question.open = false;
    for (const kept of outdated.get(form) ?? []) {
      // What the form itself stands in goes with the swap: torn off now, htmx would no longer know how to swap.
      if (kept.contains(form)) kept.removeAttribute("data-keep");
      else kept.remove();
    }
  }

  // Opening pushes down what follows: not while the pointer or the focus is there.
  function mayOpen(details) {
    const isPointed = pointer && pointer.clientY > details.getBoundingClientRect().bottom;
    const isFocused = details.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING;
    return details.hasAttribute("data-follow") && !touched.has(details) && (isAnswer || !(isPointed || isFocused));
  }

  const isKept = (node) => node.nodeType === Node.ELEMENT_NODE && node.hasAttribute("data-keep");

  const isOwn = (node) => node.nodeType === Node.ELEMENT_NODE && node.hasAttribute("data-own");

  Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => !isOwn(node);
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !isKept(node);
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element, kind) => {
    if (name === "open") return kind === "remove" ? isAnswer && element.dataset.follow === "fold" : mayOpen(element);
    if (name === "checked" || name === "value") return !touched.has(element);
    if (name === "aria-disabled") return !busy.has(element.form);
    return true;
  };
  on("click", (event) => {
    const details = event.target.closest("summary")?.parentElement;
    if (details) touched.add(details);
  });

  // Idiomorph gives the focus back to inputs only; a replaced button or summary gets it here, by its id, and where it is gone
  // (done, so no longer offered) the head of its step does. What was asked for and arrived ([data-arrive]) takes it.
  let focused = [];
  on("htmx:beforeSwap", () => {
    const element = document.activeElement;
    focused = [element?.id, element?.closest(".step")?.querySelector("summary")?.id].filter(Boolean);
  });
  on("htmx:afterSwap", (event) => {
    const arrived = event.target.querySelector?.("[data-arrive]");
    if (arrived) {
      arrived.removeAttribute("data-arrive");
      arrived.focus({ preventScroll: true });
    } else if (document.activeElement === document.body) {
      const [place] = focused.map((id) => document.getElementById(id)).filter(Boolean);
      place?.focus({ preventScroll: true });
    }
  });

  function sayLive(text) {
    const status = document.getElementById("live-status");
    if (status && status.textContent !== text) status.textContent = text;
  }

  // --- Live updates ---------------------------------------------------------------------------------------------
  // A hidden tab closes its stream: browsers allow six connections to a host, and analysts keep more tabs than that.
  function watch(root) {
    let version = root.dataset.liveVersion || "";
    let source = null;
    let timer = null;
    const fetchAll = () => document.querySelectorAll("[data-live]").forEach((element) => htmx.trigger(element, "changed"));

    function stop() {
      source?.close();
      clearInterval(timer);
      source = timer = null;
    }

    function poll() {
      fetchAll();
      if (source?.readyState === EventSource.CLOSED) connect();
    }

    function connect() {
      source = new EventSource(root.dataset.liveUrl);
      source.onopen = () => {
        clearInterval(timer);
        timer = null;
        sayLive("");
      };
      source.onmessage = (event) => {
        if (event.data === version) return;
        version = event.data;
        fetchAll();
      };
      source.onerror = () => {
        timer ||= setInterval(poll, POLL);
        sayLive("Live updates are interrupted. Checking every 15 seconds.");
      };
    }

    connect();
    on("visibilitychange", () => {
      if (document.hidden) return stop();
      if (!source) {
        fetchAll();
        connect();
      }
    });
    window.addEventListener("pagehide", stop);
  }

  const root = document.querySelector("[data-live-url]");
  if (root) watch(root);
})();
