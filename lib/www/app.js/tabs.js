// Tabs, by mouse and arrow keys

const OPENED = { picture: showControls, settings: showSettings, log: showLog };

function tabs() {
  const all = [...document.querySelectorAll('[role="tab"]')];
  const select = (tab) => {
    for (const each of all) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      $(each.getAttribute("aria-controls")).hidden = !chosen;
    }
    const opened = OPENED[tab.getAttribute("aria-controls")];
    if (opened) Promise.resolve(opened()).catch((error) => toast(error.message));
  };
  all.forEach((tab, n) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = all[(n + step + all.length) % all.length];
      next.focus();
      select(next);
    });
  });
}
