// Keys and buttons: what they do, and which card they mean.
let current = null;
const seenItems = () => order.filter((item) => item.seen);
const go = (item) => {
  if (!item) return;
  if (current && current !== item) {
    current.card.classList.remove("current");
    films.get(find(".clip", current.card))?.stop();
  }
  current = item;
  if (item.card.hidden) showAtLeast(seenItems().indexOf(item) + MORE);
  equip(item);
  item.card.classList.add("current");
  item.card.focus({ preventScroll: true });
  // What is taller than the window shows its beginning.
  item.card.scrollIntoView({ block: item.card.offsetHeight > innerHeight - 170 ? "start" : "nearest" });
};
const firstInView = (list) => list.find(({ card }) => card.getBoundingClientRect().bottom > 160) ?? list[0];
const step = (by) => {
  const list = seenItems();
  const at = list.indexOf(current);
  // A card that a filter took away leaves its place behind.
  if (at < 0) return go(current && !current.seen ? list.find((item) => order.indexOf(item) > order.indexOf(current)) ?? list.at(-1) : firstInView(list));
  return go(list[Math.min(Math.max(at + by, 0), list.length - 1)]);
};
const columns = () => getComputedStyle(grid).gridTemplateColumns.split(" ").length;
// On from one to the next: the same key on what is decided so already only goes on.
const judge = (decision) => (item) => {
  if (!item.clip) return say(`${item.sku} has no clip to decide on`);
  const list = seenItems();
  const next = list[list.indexOf(item) + 1];
  if (judgementOf(item) !== decision) decide(item, decision);
  return go([next, item].find((one) => one?.seen));
};
const takeBack = () => {
  if (current?.seen && judgementOf(current) !== "none") return decide(current, "open");
  const item = undo();
  return item?.card && item.seen && go(item);
};
const playCurrent = (item) => {
  const link = linkOf(item.card);
  if (link) film(link).toggle();
};
const onCard = { a: judge("approve"), r: judge("reject"), e: askRedo, n: askNote, c: compare, " ": playCurrent };
const anywhere = {
  j: () => step(1),
  k: () => step(-1),
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  ArrowDown: () => step(columns()),
  ArrowUp: () => step(-columns()),
  u: takeBack,
  b: askBulk,
  s: save,
  "/": () => find("input", tools).focus(),
  "?": () => find("#help").showModal(),
};
const writes = (element) => element.matches("input:not([type=checkbox]), textarea, select");
const pressed = (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const dialog = find("dialog[open]");
  if (dialog) {
    if (dialog.id === "compare" && key === " " && !target.matches("button, a")) together(dialog);
    return;
  }
  if (writes(target)) {
    if (key === "Escape" && target.matches("[type=search]")) reset();
    return;
  }
  // A focused button, link or film keeps its own keys.
  if (target.matches("button, a, summary, video") && (key === " " || (target.matches("video") && key.startsWith("Arrow")))) return;
  if (key.startsWith("Arrow") && !current) return;
  const item = itemAt(target) ?? current;
  const does = anywhere[key] ?? (onCard[key] && (() => (item?.seen ? onCard[key](item) : step(1))));
  if (!does) return;
  event.preventDefault();
  does();
};
const done = {
  who: () => askName(),
  undo: () => undo(),
  bulk: () => askBulk(),
  save: () => save(),
  help: () => find("#help").showModal(),
  close: (button) => button.closest("dialog").close(),
  together: (button) => together(button.closest("dialog")),
  compare: (button) => compare(itemAt(button)),
  approve: (button) => pressedOn(button, "approve"),
  reject: (button) => pressedOn(button, "reject"),
  redo: (button) => askRedo(itemAt(button)),
  note: (button) => askNote(itemAt(button)),
};
const pressedOn = (button, decision) => {
  const bar = button.closest(".deciding");
  const one = bar.take ?? itemAt(button);
  toggle(one, decision);
  if (bar.take) paintBar(bar, one);
};

if (grid && tools) {
  load();
  items.forEach((item) => decisionOf(item) && paint(item));
  startFinding();
  startDialogs();
  update();
  tell();
  watch();
  desk.hidden = false;
  find("#help .where").textContent = SERVED
    ? "Each decision goes to the server of this page as it is made."
    : "Decisions stay in this browser until you save decisions.csv; hand it in with: sora-batch review JOB --apply decisions.csv";
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do]");
    if (button) done[button.dataset.do]?.(button);
  });
  grid.addEventListener("focusin", (event) => {
    const item = itemAt(event.target);
    if (!item || item === current) return;
    current?.card.classList.remove("current");
    current = item;
    item.card.classList.add("current");
  });
  find("#compare").addEventListener("close", () => findAll("#compare .clip").forEach((figure) => films.get(figure)?.remove()));
  addEventListener("storage", ({ key, newValue }) => {
    const item = key?.startsWith(PREFIX) && byKey.get(key.slice(PREFIX.length));
    if (!item) return;
    item.own = parsed(newValue);
    item.judged = undefined;
    paint(item);
    update();
    tell();
  });
  send();
}
