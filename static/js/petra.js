// Everything the pages do beyond HTML and htmx. Every page works without it. What it looks for:
//   [data-theme-switch] [data-times-switch]        the two switches of the top bar
//   details[data-switcher] details.menu            closed by Escape or a press elsewhere; the switcher filters and takes arrows
//   [data-search]                                  focused by Ctrl-K
//   [data-copy="text"] [data-copy-from="#id"]      copy buttons
//   time[data-relative] [data-clock="ISO time"]    "4 min ago", running clocks
//   [data-tip="text"]                              tooltip on hover and focus; empty: the text of the element itself
//   [data-select] [data-select-all] [data-select-item] [data-select-count] [data-select-number] [data-select-needs]
//   a[data-drawer], tr[data-row]                   open the link's page in the drawer
//   [data-close] [data-dismiss] [data-remove="#id"]   "Keep" in a details.confirm; away with a flash; away with what is named
//   a[href="#id"]                                  opens the folds around and in what it leads to
//   [data-live-url] [data-live-version], [data-live]   see live.js
(function () {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const on = (type, handle, options) => document.addEventListener(type, handle, options);
  const announce = (text) => {
    const region = document.getElementById("announcer");
    if (region) region.textContent = text;
  };
  const store = (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Storage is switched off: the choice lasts for this page.
    }
  };

  // --- Switches -------------------------------------------------------------------------------------------------
  function showSwitches() {
    const full = root.dataset.times === "full";
    for (const button of all("[data-times-switch]")) button.setAttribute("aria-pressed", String(full));
    const label = `Use the ${root.dataset.theme === "dark" ? "light" : "dark"} theme`;
    for (const button of all("[data-theme-switch]")) {
      button.setAttribute("aria-label", label);
      button.dataset.tip = label;
    }
  }

  function pressSwitch(target) {
    if (target.closest("[data-theme-switch]")) {
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      store("petra-theme", root.dataset.theme);
    } else if (target.closest("[data-times-switch]")) {
      root.dataset.times = root.dataset.times === "full" ? "relative" : "full";
      store("petra-times", root.dataset.times);
      showTimes();
    } else {
      return;
    }
    showSwitches();
  }

  // --- Times ----------------------------------------------------------------------------------------------------
  // The server writes the full time; it stays in data-full, and is shown again by the switch, on hover and on focus.
  const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [7 * 86400, 86400, "d"]];

  function relative(seconds) {
    const size = Math.abs(seconds);
    if (size < 5) return "just now";
    const unit = UNITS.find(([limit]) => size < limit);
    if (!unit) return null; // older than a week: the date says more
    const amount = `${Math.floor(size / unit[1])} ${unit[2]}`;
    return seconds >= 0 ? `${amount} ago` : `in ${amount}`;
  }

  function showTimes() {
    const now = Date.now();
    for (const time of all("time[data-relative]")) {
      time.dataset.full ||= time.textContent.trim();
      const short = root.dataset.times === "full" ? null : relative((now - Date.parse(time.dateTime)) / 1000);
      const text = short || time.dataset.full;
      if (time.textContent !== text) time.textContent = text;
      if (short) {
        time.dataset.tip = time.dataset.full;
        time.tabIndex = 0;
      } else {
        delete time.dataset.tip;
        time.removeAttribute("tabindex");
      }
    }
  }

  function showClocks() {
    for (const clock of all("[data-clock]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(clock.dataset.clock)) / 1000));
      const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
      clock.textContent = d ? `${d} d ${h} h` : h ? `${h} h ${m} m` : `${m} m ${seconds % 60} s`;
    }
  }

  // --- Tooltip --------------------------------------------------------------------------------------------------
  const tip = Object.assign(document.createElement("div"), { className: "tip", id: "tip", role: "tooltip", hidden: true });
  let tipOwner = null;

  function showTip(owner) {
    hideTip();
    if (owner.matches(".clip") && owner.scrollWidth <= owner.clientWidth) return; // nothing was cut off
    tipOwner = owner;
    tip.textContent = owner.dataset.tip || owner.textContent;
    tip.hidden = false;
    owner.setAttribute("aria-describedby", "tip");
    const [at, size] = [owner.getBoundingClientRect(), tip.getBoundingClientRect()];
    const left = Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), root.clientWidth - size.width - 8);
    const below = at.bottom + 6 + size.height < root.clientHeight;
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(below ? at.bottom + 6 : at.top - 6 - size.height)}px)`;
  }

  function hideTip() {
    if (!tipOwner) return;
    tipOwner.removeAttribute("aria-describedby");
    tipOwner = null;
    tip.hidden = true;
  }

  function watchTips() {
    (document.querySelector("main") || document.body).append(tip);
    for (const type of ["mouseover", "focusin"]) {
      on(type, (event) => {
        if (event.target === tip) return; // the pointer may rest on it (WCAG 1.4.13)
        const owner = event.target.closest?.("[data-tip]");
        if (owner && owner !== tipOwner) showTip(owner);
        else if (!owner && type === "mouseover" && tipOwner !== document.activeElement) hideTip();
      });
    }
    on("focusout", hideTip);
    on("scroll", hideTip, { capture: true, passive: true });
  }

  // --- Copy -----------------------------------------------------------------------------------------------------
  async function copy(button) {
    const from = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
    const text = from ? from.textContent.trim() : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return announce("Not copied: the browser refused. Select the text and copy it by hand.");
    }
    button.classList.add("is-copied");
    announce("Copied");
    const use = button.querySelector("use");
    const icon = use?.getAttribute("href");
    use?.setAttribute("href", icon.replace(/#.*/, "#check"));
    setTimeout(() => {
      button.classList.remove("is-copied");
      use?.setAttribute("href", icon);
    }, 2000);
  }

  // --- Menus and the tenant switcher ------------------------------------------------------------------------------
  const POPUPS = "details[data-switcher][open], details.menu[open]";

  function closePopups(except) {
    for (const popup of all(POPUPS)) {
      if (popup === except) continue;
      if (popup.contains(document.activeElement)) popup.querySelector("summary").focus();
      popup.open = false;
    }
  }

  function filterTenants(input) {
    const wanted = input.value.trim().toLocaleLowerCase();
    const panel = input.closest("[data-switcher]");
    const items = all(".switcher-item", panel);
    for (const item of items) item.hidden = !item.textContent.toLocaleLowerCase().includes(wanted);
    panel.querySelector(".switcher-none").hidden = items.some((item) => !item.hidden);
  }

  function moveInSwitcher(event, switcher) {
    const items = all(".switcher-item:not([hidden])", switcher);
    const at = items.indexOf(document.activeElement);
    const input = switcher.querySelector("input");
    if (event.key === "ArrowDown") (items[at + 1] || items[at] || input).focus();
    else if (event.key === "ArrowUp") (items[at - 1] || input).focus();
    else if (event.key === "Enter" && document.activeElement === input) items[0]?.click();
    else return;
    event.preventDefault();
  }

  // --- Selections -----------------------------------------------------------------------------------------------
  // Scopes may stand inside each other (all tenants > one tenant > mails); what is in one that stands "apart" is its own.
  const itemsOf = (scope) => all("[data-select-item]:not(:disabled)", scope).filter((item) => {
    const apart = item.closest('[data-select="apart"]');
    return !apart || apart.contains(scope);
  });

  function showSelections() {
    for (const scope of all("[data-select]")) {
      const items = itemsOf(scope);
      const chosen = items.filter((item) => item.checked).length;
      const mine = (selector) => all(selector, scope).filter((element) => element.closest("[data-select]") === scope);
      const meant = items.filter((item) => item.dataset.selectItem !== "single"); // the others are ticked one by one
      for (const box of mine("[data-select-all]")) {
        box.checked = meant.length > 0 && meant.every((item) => item.checked);
        box.indeterminate = chosen > 0 && !box.checked;
      }
      for (const count of mine("[data-select-count]")) count.textContent = `${chosen} of ${items.length} selected`;
      for (const count of mine("[data-select-number]")) count.textContent = chosen;
      for (const button of mine("[data-select-needs]")) button.disabled = chosen === 0;
    }
  }

  function changeSelection(box) {
    if (box.matches("[data-select-all]")) {
      for (const item of itemsOf(box.closest("[data-select]"))) {
        if (item.checked === box.checked || (box.checked && item.dataset.selectItem === "single")) continue;
        item.checked = box.checked;
        item.dispatchEvent(new Event("input", { bubbles: true })); // so that a live update keeps it
      }
    }
    if (box.matches("[data-select-all], [data-select-item]")) showSelections();
  }

  // --- Drawer ---------------------------------------------------------------------------------------------------
  let drawerOpener = null;

  function openDrawer(link) {
    const drawer = document.getElementById("drawer");
    for (const row of all("tr.is-open")) row.classList.remove("is-open");
    link.closest("tr")?.classList.add("is-open");
    drawerOpener = link;
    const body = document.getElementById("drawer-body");
    body.replaceChildren(...Array.from({ length: 6 }, () => Object.assign(document.createElement("span"), { className: "skeleton" })));
    if (!drawer.open) drawer.show();
    htmx.ajax("GET", link.href, { target: body, swap: "innerHTML" });
  }

  function closeDrawer() {
    const drawer = document.getElementById("drawer");
    if (!drawer?.open) return false;
    drawer.close();
    for (const row of all("tr.is-open")) row.classList.remove("is-open");
    if (drawerOpener?.isConnected) drawerOpener.focus();
    return true;
  }

  function pressRow(event) {
    const row = event.target.closest("tr[data-row]");
    const link = event.target.closest("a[data-drawer]") || row?.querySelector("a[data-drawer]");
    const other = event.target.closest("a, button, input, label, select, summary");
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !getSelection().toString();
    if (!link || !plain || (other && other !== link)) return;
    event.preventDefault();
    openDrawer(link);
  }

  // --- Flashes --------------------------------------------------------------------------------------------------
  function armFlash(flash) {
    if (flash.classList.contains("is-sticky") || flash.dataset.armed) return;
    flash.dataset.armed = "yes";
    let timer = null;
    const start = () => (timer = setTimeout(() => flash.remove(), 10000));
    const stop = () => clearTimeout(timer);
    for (const type of ["mouseenter", "focusin"]) flash.addEventListener(type, stop);
    for (const type of ["mouseleave", "focusout"]) flash.addEventListener(type, start);
    start();
  }

  function watchFlashes() {
    const box = document.getElementById("flashes");
    if (!box) return;
    const arm = () => all(".flash", box).forEach(armFlash);
    new MutationObserver(arm).observe(box, { childList: true });
    arm();
  }

  // --- Folds ----------------------------------------------------------------------------------------------------
  // A link to a step opens it; the click on its summary lets live.js know that the reader wanted it so.
  function unfold(hash) {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!target) return;
    for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    const fold = target.matches("details") ? target : target.querySelector(":scope > details");
    if (fold && !fold.open) fold.querySelector("summary").click();
  }

  // --- The whole page -------------------------------------------------------------------------------------------
  function press(event) {
    const target = event.target;
    pressSwitch(target);
    const copied = target.closest("[data-copy], [data-copy-from]");
    if (copied) copy(copied);
    if (target.closest("[data-dismiss]")) target.closest(".flash").remove();
    const removed = target.closest("[data-remove]");
    if (removed) document.querySelector(removed.dataset.remove)?.remove();
    const led = target.closest('a[href^="#"]');
    if (led) unfold(led.hash);
    if (target.closest("[data-drawer-close]")) closeDrawer();
    const kept = target.closest("[data-close]")?.closest("details");
    if (kept) {
      kept.open = false;
      kept.querySelector("summary").focus();
    }
    const fold = target.closest(".topbar-toggle");
    if (fold) fold.setAttribute("aria-expanded", String(fold.getAttribute("aria-expanded") !== "true"));
    closePopups(target.closest("details[data-switcher], details.menu"));
    pressRow(event);
  }

  function key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const search = document.querySelector("[data-search]");
      if (!search) return;
      event.preventDefault();
      document.querySelector(".topbar-toggle")?.setAttribute("aria-expanded", "true");
      search.focus();
      search.select();
    } else if (event.key === "Escape") {
      if (tipOwner) hideTip();
      if (document.querySelector(POPUPS)) closePopups();
      else closeDrawer();
    } else {
      const switcher = event.target.closest?.("details[data-switcher][open]");
      if (switcher) moveInSwitcher(event, switcher);
    }
  }

  function refresh() {
    showTimes();
    showSelections();
  }

  on("click", press);
  on("keydown", key);
  on("change", (event) => changeSelection(event.target));
  on("input", (event) => event.target.matches("[data-switcher] input") && filterTenants(event.target));
  on("toggle", (event) => event.target.matches("details[data-switcher][open]") && event.target.querySelector("input")?.focus(), true);
  on("htmx:afterSwap", (event) => {
    refresh();
    if (event.target.id === "drawer-body") event.target.querySelector(".drawer-title")?.focus();
  });
  watchTips();
  watchFlashes();
  showSwitches();
  showClocks();
  refresh();
  setInterval(showTimes, 15000);
  setInterval(showClocks, 1000);
})();
