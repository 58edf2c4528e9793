// Tabs, by mouse and keys; the address has the open one after its #

const OPENED = { picture: showControls, settings: showSettings, log: showLog };

function tabs() {
  const all = [...document.querySelectorAll('[role="tab"]')];
  const panel = (tab) => tab.getAttribute("aria-controls");
  const select = (tab) => {
    for (const each of all) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      $(panel(each)).hidden = !chosen;
    }
    const opened = OPENED[panel(tab)];
    showMotion(); // its cells are over the picture only while its tab is open
    if (opened) Promise.resolve(opened()).catch((error) => toast(error.message));
  };
  const choose = (tab) => {
    history.replaceState(null, "", `#${panel(tab)}`);
    select(tab);
  };
  const addressed = () => all.find((tab) => panel(tab) === location.hash.slice(1));
  all.forEach((tab, n) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const last = all.length - 1;
      const next = { ArrowRight: n < last ? n + 1 : 0, ArrowLeft: n ? n - 1 : last, Home: 0, End: last }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      all[next].focus();
      choose(all[next]);
    });
  });
  window.addEventListener("hashchange", () => addressed() && select(addressed()));
  if (addressed()) select(addressed());
}
